// A trace as it is shown: read with care, because its members may be other ones one day.

import { str } from "../../widget/text.ts";

type Raw = Readonly<Record<string, unknown>>;

const object = (v: unknown): Raw => (typeof v === "object" && v !== null && !Array.isArray(v) ? (v as Raw) : {});
const list = (v: unknown): Raw[] => (Array.isArray(v) ? v.map(object) : []);
const num = (v: unknown): number => (typeof v === "number" && Number.isFinite(v) ? v : 0);
const ms = (v: unknown): number => num(v) / 1e6;

export interface Step { name: string; ms: number; why: string }
export interface Chunk { id: string; document: string; heading: string; score: number; left: string }
export interface Attempt {
  engine: string; why: string; first: number; took: number; text: string; tokens: number; cost: number; error: string; verdict: string; confidence: number; removed: string[]; cites: boolean | null;
  features: { name: "retrieval" | "support" | "agreement" | "history"; value: number }[];
}
export interface Told {
  question: string; language: string; took: number; step: string; reason: string; guard: string; sure: number; chosen: string; confidence: number | null;
  steps: Step[]; intent: { label: string; probability: number }; followUp: { used: boolean; of: string }; chunks: Chunk[]; attempts: Attempt[]; evidence: { name: string; value: number }[];
}

const features = ["retrieval", "support", "agreement", "history"] as const;

function attempt(a: Raw): Attempt {
  const usage = object(a["usage"]), f = object(a["features"]);
  return {
    engine: str(a["engine"]), why: str(a["why"]), first: ms(a["first_ns"]), took: ms(a["took_ns"]), text: str(a["text"]), tokens: num(usage["prompt"]) + num(usage["completion"]), cost: num(a["cost"]), error: str(a["error"]) || str(a["kind"]), verdict: str(a["verdict"]),
    confidence: num(a["confidence"]), removed: Array.isArray(a["removed"]) ? a["removed"].map(str) : [], cites: typeof f["cites"] === "boolean" ? f["cites"] : null,
    features: features.filter((n) => typeof f[n] === "number").map((name) => ({ name, value: num(f[name]) })),
  };
}

/** What a trace tells. */
export function readTrace(raw: unknown): Told {
  const t = object(raw), router = object(t["router"]), intent = object(t["intent"]), context = object(t["context"]);
  const attempts = list(router["attempts"]).map(attempt);
  const chunks = list(t["chunks"]).length > 0 ? list(t["chunks"]) : list(router["chunks"]);
  return {
    question: str(t["question"]), language: str(t["language"]), took: ms(t["took_ns"]), step: str(t["step"]), reason: str(t["reason"]), guard: str(t["guard"]), sure: num(t["sure"]), chosen: str(router["chosen"]),
    confidence: attempts.find((a) => a.verdict === "chosen")?.confidence ?? null,
    steps: list(t["steps"]).map((s) => ({ name: str(s["name"]), ms: ms(s["took_ns"]), why: str(s["why"]) })),
    intent: { label: str(intent["label"]), probability: num(intent["probability"]) }, followUp: { used: context["used"] === true, of: str(context["of"]) },
    chunks: chunks.map((c) => ({ id: str(c["id"]), document: str(c["document"]), heading: str(c["heading"]), score: num(c["score"]), left: str(c["left_out"]) })), attempts,
    evidence: Object.entries(object(t["evidence"])).filter((e): e is [string, number] => typeof e[1] === "number").map(([name, value]) => ({ name, value })),
  };
}
