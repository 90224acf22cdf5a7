import { describe, expect, it } from "vitest";
import { begin, finished, step, summaryOf, type Judged } from "@/worker/round";
import { makeRound } from "./make";

const AT = "2026-05-01T01:00:30Z";
const said = (verdict: Judged["verdict"]): Judged => ({ verdict, dwellS: 20, shown: "live", at: AT });

describe("a round on the phone", () => {
  it("goes on with what was left after a reload", () => {
    const state = begin(makeRound(["p1", "p2", "p3"], { p1: "normal" }));
    expect(state.at).toBe(1);
    expect(Object.keys(state.judged)).toEqual(["p1"]);
  });

  it("counts what still waits in the outbox as said", () => {
    const state = begin(makeRound(["p1", "p2"]), { p1: said("finding") });
    expect([state.at, finished(state)]).toEqual([1, false]);
  });

  it("keeps the first word on a view: a second tap changes nothing", () => {
    let state = begin(makeRound(["p1", "p2"]));
    state = step(state, { do: "judge", pointId: "p1", judged: said("normal") });
    state = step(state, { do: "judge", pointId: "p1", judged: said("finding") });
    expect([state.judged.p1?.verdict, state.at]).toEqual(["normal", 1]);
  });

  it("comes back to views that were skipped, and ends after the last", () => {
    let state = begin(makeRound(["p1", "p2", "p3"]));
    state = step(state, { do: "go", index: 2 });
    state = step(state, { do: "judge", pointId: "p3", judged: said("normal") });
    expect(state.at).toBe(0);
    for (const pointId of ["p1", "p2"]) state = step(state, { do: "judge", pointId, judged: said("not_viewable") });
    expect([state.at, finished(state)]).toEqual([3, true]);
  });

  it("opens a view again when the gateway refused what was said of it", () => {
    let state = begin(makeRound(["p1", "p2"]));
    state = step(state, { do: "judge", pointId: "p1", judged: said("normal") });
    state = step(state, { do: "refused", pointId: "p1" });
    expect([state.at, state.judged.p1]).toEqual([0, undefined]);
  });

  it("takes over what the gateway knows, without forgetting what is on its way", () => {
    let state = begin(makeRound(["p1", "p2"]));
    state = step(state, { do: "judge", pointId: "p1", judged: said("finding") });
    state = step(state, { do: "refresh", round: makeRound(["p1", "p2"], { p2: "normal" }) });
    expect(Object.keys(state.judged).sort()).toEqual(["p1", "p2"]);
  });

  it("sums up honestly: what cannot be seen is counted by itself, nothing said is missed", () => {
    let state = begin(makeRound(["p1", "p2", "p3", "p4"]));
    for (const [pointId, verdict] of [["p1", "normal"], ["p2", "finding"], ["p3", "not_viewable"]] as const) {
      state = step(state, { do: "judge", pointId, judged: said(verdict) });
    }
    expect(summaryOf(state, Date.parse("2026-05-01T01:02:00Z"))).toEqual({
      seen: 3, missed: 1, not_viewable: 1, findings: 1, took_s: 120,
    });
  });
});
