/** A plan while it is being written. Pure. */

import type { Plan, PlanDraft, PlanWindow, Suggestion, Weekday } from "@/api/worker";
import { WEEKDAYS } from "@/api/worker";

export const MOST_VIEWS = 40;
export const FIRST_DWELL_S = 20;
// Between two views: to judge, and for the next picture to come.
const BETWEEN_S = 4;

export type PlanFault = "name" | "grid" | "views" | "tooMany" | "windows" | "overlap";

export function emptyDraft(gridId: string): PlanDraft {
  return { name: "", grid_id: gridId, points: [], windows: [{ start: "08:30", end: "10:00" }], weekdays: [], assignees: [], enabled: true, version: 0 };
}

export function draftOf(plan: Plan | Suggestion): PlanDraft {
  return {
    name: plan.name,
    grid_id: plan.grid_id,
    points: plan.points.map(({ id, camera_id, name, preset, dwell_s }) => ({ id, camera_id, name, preset, dwell_s })),
    windows: plan.windows.map((window) => ({ ...window })),
    weekdays: [...plan.weekdays],
    assignees: [...plan.assignees],
    enabled: plan.enabled,
    version: "version" in plan ? plan.version : 0,
  };
}

function minutes(text: string): number {
  const [hours, rest] = text.split(":");
  return Number(hours) * 60 + Number(rest);
}

const DAY_MIN = 1_440;

function spans({ start, end }: PlanWindow): [number, number][] {
  const [from, to] = [minutes(start), minutes(end)];
  // One over midnight meets the morning of the next day.
  return to > from ? [[from, to]] : [[from, DAY_MIN], [0, to]];
}

export function overlapping(windows: readonly PlanWindow[]): boolean {
  const all = windows.flatMap(spans).sort((a, b) => a[0] - b[0]);
  return all.some((span, index) => index > 0 && span[0] < (all[index - 1]?.[1] ?? 0));
}

export function faultOf(draft: PlanDraft): PlanFault | null {
  if (!draft.name.trim()) return "name";
  if (!draft.grid_id) return "grid";
  if (draft.points.length === 0) return "views";
  if (draft.points.length > MOST_VIEWS) return "tooMany";
  const whole = draft.windows.every(({ start, end }) => start && end && start !== end);
  if (draft.windows.length === 0 || !whole) return "windows";
  return overlapping(draft.windows) ? "overlap" : null;
}

/** About how long a round takes, s. */
export function roundTakesS(draft: Pick<PlanDraft, "points">): number {
  return draft.points.reduce((sum, point) => sum + point.dwell_s + BETWEEN_S, 0);
}

/** All seven days are the same as none named. */
export function withDay(days: readonly Weekday[], day: Weekday): Weekday[] {
  const all = days.length === 0 ? [...WEEKDAYS] : [...days];
  const next = all.includes(day) ? all.filter((each) => each !== day) : [...all, day];
  const ordered = WEEKDAYS.filter((each) => next.includes(each));
  return ordered.length === WEEKDAYS.length ? [] : ordered.length === 0 ? [day] : ordered;
}

export function onDay(days: readonly Weekday[], day: Weekday): boolean {
  return days.length === 0 || days.includes(day);
}

export function swapped<T>(list: readonly T[], index: number, by: 1 | -1): T[] {
  const next = [...list];
  const [one, other] = [next[index], next[index + by]];
  if (one === undefined || other === undefined) return next;
  next[index] = other;
  next[index + by] = one;
  return next;
}
