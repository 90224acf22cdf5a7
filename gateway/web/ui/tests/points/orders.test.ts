import { describe, expect, it } from "vitest";
import type { FootPlan, RoutineTask } from "@/api/points";
import {
  emptyFootPlan, firstDue, footDraftOf, footFault, inFours, pointDraft, pointFault, pointForm, routineFace,
} from "@/points/orders";

const NOW = Date.parse("2026-05-04T04:00:00Z");
const task = (by: Partial<RoutineTask>) => ({ state: "open", late: false, due_at: "2026-05-04T05:00:00Z", ...by }) as RoutineTask;

describe("points being written", () => {
  it("need a name, a grid and a position", () => {
    const form = pointForm(null, "g1");
    expect(pointFault(form)).toBe("name");
    expect(pointFault({ ...form, name: " 水闸 " })).toBe("position");
    expect(pointFault({ ...form, name: "水闸", grid_id: "" })).toBe("grid");
    const whole = { name: " 水闸 ", grid_id: "g1", lon: 100.12345678, lat: 0 };
    expect(pointFault(whole)).toBeNull();
    expect(pointDraft(whole)).toEqual({ name: "水闸", grid_id: "g1", lon: 100.123457, lat: 0 });
  });

  it("have codes that can be read out", () => {
    expect(inFours("0k3m9abcdxyz")).toBe("0k3m 9abc dxyz");
    expect(inFours("")).toBe("");
  });
});

describe("plans of routine tasks", () => {
  it("need points and windows that do not overlap", () => {
    const draft = { ...emptyFootPlan("g1"), name: "早巡" };
    expect(footFault({ ...draft, name: " " })).toBe("name");
    expect(footFault(draft)).toBe("points");
    const walked = { ...draft, point_ids: ["p1"] };
    expect(footFault(walked)).toBeNull();
    expect(footFault({ ...walked, point_ids: Array.from({ length: 41 }, (_, n) => `p${n}`) })).toBe("tooMany");
    expect(footFault({ ...walked, windows: [] })).toBe("windows");
    expect(footFault({ ...walked, windows: [{ start: "08:00", end: "10:00" }, { start: "09:00", end: "11:00" }] })).toBe("overlap");
  });

  it("are edited as they are, without points that are gone", () => {
    const plan: FootPlan = {
      id: "f1", name: "早巡", grid_id: "g1", points: [{ id: "p1", name: "水闸" }], gone: 1, windows: [{ start: "08:00", end: "10:00" }],
      weekdays: ["mon"], workdays: true, assignee: "a1", assignee_name: "A", note: "n", enabled: false, version: 3,
    };
    expect(footDraftOf(plan)).toEqual({
      name: "早巡", grid_id: "g1", point_ids: ["p1"], windows: [{ start: "08:00", end: "10:00" }], weekdays: ["mon"], workdays: true,
      assignee: "a1", note: "n", enabled: false, version: 3,
    });
  });
});

describe("a day's routine tasks", () => {
  it("stand as a leader asks", () => {
    expect(routineFace(task({}), NOW)).toBe("ahead");
    expect(routineFace(task({ due_at: null }), NOW)).toBe("ahead");
    expect(routineFace(task({ state: "arrived", due_at: "2026-05-04T03:00:00Z" }), NOW)).toBe("overdue");
    expect(routineFace(task({ state: "done" }), NOW)).toBe("done");
    expect(routineFace(task({ state: "done", late: true }), NOW)).toBe("late");
    expect(routineFace(task({ state: "missed" }), NOW)).toBe("missed");
    expect(routineFace(task({ state: "cancelled" }), NOW)).toBe("cancelled");
  });

  it("are due at the end of the working day, tomorrow's when that is over", () => {
    expect(firstDue(new Date(2026, 4, 4, 9, 0))).toBe("2026-05-04T17:30");
    expect(firstDue(new Date(2026, 4, 31, 17, 30))).toBe("2026-06-01T17:30");
  });
});
