// Scripts that the loader brings, and the moment for them.

interface TrustedTypes { createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string } }

/** An address of a script, as pages with Trusted Types want it: by the policy `uniqchat`, which is used for this alone. */
function scriptURL(url: string): string {
  const types = (window as unknown as { trustedTypes?: TrustedTypes }).trustedTypes;
  try {
    policy ??= types?.createPolicy("uniqchat", { createScriptURL: (u) => u });
  } catch {
    // The page allows no such policy. If it insists on one, the browser says so at the next step.
  }
  return policy?.createScriptURL(url) ?? url;
}

let policy: ReturnType<TrustedTypes["createPolicy"]> | undefined;

/** Brings a script, with the page's nonce if there is one. */
export function bringScript(url: string, nonce: string): Promise<boolean> {
  return new Promise((done) => {
    const s = document.createElement("script");
    const ended = (there: boolean) => () => {
      s.remove();
      done(there);
    };
    s.src = scriptURL(url);
    s.async = true;
    if (nonce !== "") s.nonce = nonce;
    s.onload = ended(true);
    s.onerror = ended(false);
    document.head.append(s);
  });
}

/** Runs f when the page has loaded and has nothing better to do. */
export function whenIdle(f: () => void): void {
  const idle = () => (typeof requestIdleCallback === "undefined" ? setTimeout(f, 200) : requestIdleCallback(() => f(), { timeout: 2000 }));
  if (document.readyState === "complete") idle();
  else addEventListener("load", idle, { once: true });
}
