/** A round as the phone knows it: which view is on, what was said of each, what remains. Pure. */

import type { Round, RoundDetail, RoundSummary, RoundView, Shown, ViewVerdict } from "@/api/worker";

export interface Judged {
  verdict: ViewVerdict;
  dwellS: number;
  shown: Shown;
  at: string; // ISO
}

export interface RoundState {
  round: RoundDetail;
  judged: Readonly<Record<string, Judged>>; // by point, what was said here or is known at the gateway
  at: number; // index of the view on the screen; the number of views when all are through
}

export type RoundStep =
  | { do: "judge"; pointId: string; judged: Judged }
  | { do: "back" }
  | { do: "go"; index: number }
  | { do: "refresh"; round: RoundDetail }
  | { do: "refused"; pointId: string };

function known(view: RoundView): Judged | null {
  if (view.verdict === null) return null;
  return { verdict: view.verdict, dwellS: view.dwell_s, shown: "live", at: view.judged_at ?? "" };
}

function knownOf(round: RoundDetail): Record<string, Judged> {
  const pairs = round.views.flatMap((view) => {
    const judged = known(view);
    return judged ? [[view.point_id, judged] as const] : [];
  });
  return Object.fromEntries(pairs);
}

/** The first view without a word from `from` on, around the end; the number of views when none is left. */
export function nextOpen(state: Pick<RoundState, "round" | "judged">, from: number): number {
  const n = state.round.views.length;
  for (let i = 0; i < n; i += 1) {
    const index = (from + i) % n;
    const view = state.round.views[index];
    if (view && !state.judged[view.point_id]) return index;
  }
  return n;
}

export function begin(round: RoundDetail, waiting: Readonly<Record<string, Judged>> = {}): RoundState {
  const judged = { ...knownOf(round), ...waiting };
  return { round, judged, at: nextOpen({ round, judged }, 0) };
}

function without(judged: RoundState["judged"], pointId: string): RoundState["judged"] {
  return Object.fromEntries(Object.entries(judged).filter(([id]) => id !== pointId));
}

export type RoundFace = Round["state"] | "ahead" | "overdue";

/** What a list says of a round: also that its time has not come, or that it has passed and nobody is through. */
export function faceOf(round: Round, nowMs: number): RoundFace {
  if (round.state !== "waiting" && round.state !== "running") return round.state;
  if (nowMs > Date.parse(round.due_at)) return "overdue";
  return nowMs < Date.parse(round.opens_at) ? "ahead" : round.state;
}

export function step(state: RoundState, by: RoundStep): RoundState {
  if (by.do === "judge") {
    // The first word stands: a second tap on a slow phone must not change it.
    if (state.judged[by.pointId]) return state;
    const judged = { ...state.judged, [by.pointId]: by.judged };
    return { ...state, judged, at: nextOpen({ round: state.round, judged }, state.at) };
  }
  if (by.do === "back") return { ...state, at: Math.max(0, state.at - 1) };
  if (by.do === "go") return { ...state, at: Math.min(Math.max(0, by.index), state.round.views.length) };
  if (by.do === "refused") {
    const at = state.round.views.findIndex((view) => view.point_id === by.pointId);
    return { ...state, judged: without(state.judged, by.pointId), at: at < 0 ? state.at : at };
  }
  return { ...state, round: by.round, judged: { ...state.judged, ...knownOf(by.round) } };
}

export function finished(state: RoundState): boolean {
  return state.round.views.every((view) => state.judged[view.point_id]);
}

export function summaryOf(state: RoundState, nowMs: number): RoundSummary {
  const said = Object.values(state.judged);
  const count = (verdict: ViewVerdict) => said.filter((judged) => judged.verdict === verdict).length;
  const startedMs = state.round.started_at ? Date.parse(state.round.started_at) : nowMs;
  return {
    seen: said.length,
    missed: state.round.views.length - said.length,
    not_viewable: count("not_viewable"),
    findings: count("finding"),
    took_s: Math.max(0, Math.round((nowMs - startedMs) / 1_000)),
  };
}
