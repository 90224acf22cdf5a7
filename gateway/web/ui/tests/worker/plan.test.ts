import { describe, expect, it } from "vitest";
import { draftOf, emptyDraft, faultOf, onDay, overlapping, roundTakesS, swapped, withDay } from "@/worker/plan";
import { begin, faceOf } from "@/worker/round";
import { makeRound } from "./make";

const POINT = { camera_id: "c1", name: "C", preset: null, dwell_s: 20 };
const whole = () => ({ ...emptyDraft("g1"), name: "P", points: [POINT] });

describe("a plan being written", () => {
  it("is not sent while something is missing, and says what", () => {
    expect(faultOf(emptyDraft("g1"))).toBe("name");
    expect(faultOf({ ...whole(), grid_id: "" })).toBe("grid");
    expect(faultOf({ ...whole(), points: [] })).toBe("views");
    expect(faultOf({ ...whole(), points: Array.from({ length: 41 }, () => POINT) })).toBe("tooMany");
    expect(faultOf({ ...whole(), windows: [{ start: "09:00", end: "09:00" }] })).toBe("windows");
    expect(faultOf({ ...whole(), windows: [{ start: "09:00", end: "11:00" }, { start: "10:00", end: "12:00" }] })).toBe("overlap");
    expect(faultOf(whole())).toBeNull();
  });

  it("knows that a window over midnight meets the early one", () => {
    expect(overlapping([{ start: "22:00", end: "02:00" }, { start: "01:00", end: "03:00" }])).toBe(true);
    expect(overlapping([{ start: "22:00", end: "02:00" }, { start: "02:00", end: "03:00" }])).toBe(false);
  });

  it("reads no day as every day, and never ends up with none by taking the last away", () => {
    expect(onDay([], "sun")).toBe(true);
    expect(withDay([], "sun")).toEqual(["mon", "tue", "wed", "thu", "fri", "sat"]);
    expect(withDay(["mon", "tue", "wed", "thu", "fri", "sat"], "sun")).toEqual([]);
    expect(withDay(["mon"], "mon")).toEqual(["mon"]);
  });

  it("keeps nothing of a plan but what may be written", () => {
    const plan = { ...whole(), id: "p1", version: 3, look_s: 20, points: [{ ...POINT, id: "pt1", camera_name: "C" }] };
    expect(Object.keys(draftOf(plan)).sort()).toEqual(Object.keys(emptyDraft("g1")).sort());
    expect(draftOf(plan).points).toEqual([{ ...POINT, id: "pt1" }]);
    expect(draftOf(plan).version).toBe(3);
  });

  it("tells about how long a round takes, and changes the order of views", () => {
    expect(roundTakesS({ points: [POINT, POINT] })).toBe(48);
    expect(swapped(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
    expect(swapped(["a", "b"], 0, -1)).toEqual(["a", "b"]);
  });
});

describe("the face of a round in a list", () => {
  const at = (text: string) => Date.parse(`2026-05-01T${text}:00Z`);
  const waiting = { ...begin(makeRound(["p1"])).round, state: "waiting" as const };

  it("says when its time has not come, and when it has passed", () => {
    expect([faceOf(waiting, at("00:59")), faceOf(waiting, at("01:30")), faceOf(waiting, at("02:01"))]).toEqual(["ahead", "waiting", "overdue"]);
    expect(faceOf({ ...waiting, state: "running" }, at("02:01"))).toBe("overdue");
    expect(faceOf({ ...waiting, state: "missed" }, at("01:30"))).toBe("missed");
  });
});
