// Server-sent events (HTML standard, 9.2), as far as the API sends them.

export interface ServerEvent { name: string; data: string }

/** Takes a stream apart: feed it what comes, in pieces of any size; it returns the events that are whole. */
export function eventReader(): (text: string) => ServerEvent[] {
  let rest = "";
  return (text) => {
    rest += text;
    const out: ServerEvent[] = [];
    for (let end = /\r?\n\r?\n/.exec(rest); end !== null; end = /\r?\n\r?\n/.exec(rest)) {
      const event: ServerEvent = { name: "message", data: "" };
      const data: string[] = [];
      for (const line of rest.slice(0, end.index).split(/\r?\n/)) {
        const at = line.indexOf(":");
        if (at <= 0) continue; // a comment, or nothing
        const value = line.slice(at + 1).replace(/^ /, "");
        if (line.slice(0, at) === "event") event.name = value;
        else if (line.slice(0, at) === "data") data.push(value);
      }
      rest = rest.slice(end.index + end[0].length);
      event.data = data.join("\n");
      if (data.length > 0) out.push(event);
    }
    return out;
  };
}
