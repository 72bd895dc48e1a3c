import { expect, test } from "vitest";
import { readTrace } from "./trace.ts";

test("a trace is read, whatever is missing from it", () => {
  for (const raw of [undefined, null, 3, [], { steps: 3, chunks: [null], router: { attempts: [{}, "x"] } }]) expect(readTrace(raw).question).toBe("");
  const t = readTrace({
    question: "Is it free?", took_ns: 12_500_000, step: "answer", reason: "engine", sure: 0.8, steps: [{ name: "guard", took_ns: 1_000_000 }], context: { used: true, of: "Shipping?" }, evidence: { Words: 0.5, Other: "x" },
    chunks: [{ id: "c", document: "d", heading: "Shipping", score: 0.7, left_out: "speaks to machines" }],
    router: { chosen: "fast", attempts: [{ engine: "fast", why: "first", first_ns: 2e8, took_ns: 9e8, verdict: "chosen", confidence: 0.91, usage: { prompt: 300, completion: 40 }, features: { support: 0.9, cites: true }, removed: ["a link"] }] },
  });
  expect(t).toMatchObject({ took: 12.5, confidence: 0.91, chosen: "fast", steps: [{ name: "guard", ms: 1 }], followUp: { used: true, of: "Shipping?" }, evidence: [{ name: "Words", value: 0.5 }] });
  expect(t.chunks[0]!.left).toBe("speaks to machines");
  expect(t.attempts[0]).toMatchObject({ first: 200, tokens: 340, cites: true, features: [{ name: "support", value: 0.9 }] });
});
