/** Points chosen on the list, plans while they are written, and what a day's tasks came to. Pure. */

import type { CheckPoint, FootPlan, FootPlanDraft, PointDraft, RoutineTask } from "@/api/points";
import { overlapping } from "@/worker/plan";

export const MOST_PLAN_POINTS = 40;
// Finer than 10 cm is noise.
const DECIMALS = 6;

export type PointFault = "name" | "grid" | "position";

/** A point while it is being written: it may have no position yet. */
export interface PointForm {
  name: string;
  grid_id: string;
  lon: number | null;
  lat: number | null;
}

export function pointForm(point: CheckPoint | null, gridId: string): PointForm {
  return point ? { name: point.name, grid_id: point.grid_id, lon: point.lon, lat: point.lat } : { name: "", grid_id: gridId, lon: null, lat: null };
}

export function pointFault(form: PointForm): PointFault | null {
  if (!form.name.trim()) return "name";
  if (!form.grid_id) return "grid";
  return form.lon === null || form.lat === null ? "position" : null;
}

export function pointDraft({ name, grid_id, lon, lat }: PointForm): PointDraft {
  return { name: name.trim(), grid_id, lon: Number((lon ?? 0).toFixed(DECIMALS)), lat: Number((lat ?? 0).toFixed(DECIMALS)) };
}

/** "0k3m 9abc dxyz": read from a sign, typed by hand. */
export function inFours(code: string): string {
  return code.replace(/(.{4})(?=.)/g, "$1 ");
}

export type FootFault = "name" | "points" | "tooMany" | "windows" | "overlap";

export function emptyFootPlan(gridId: string): FootPlanDraft {
  return {
    name: "", grid_id: gridId, point_ids: [], windows: [{ start: "08:30", end: "11:30" }], weekdays: [], workdays: true,
    assignee: null, note: "", enabled: true, version: 0,
  };
}

export function footDraftOf(plan: FootPlan): FootPlanDraft {
  const { name, grid_id, workdays, assignee, note, enabled, version } = plan;
  return {
    name, grid_id, workdays, assignee, note, enabled, version,
    point_ids: plan.points.map((point) => point.id),
    windows: plan.windows.map((window) => ({ ...window })),
    weekdays: [...plan.weekdays],
  };
}

export function footFault(draft: FootPlanDraft): FootFault | null {
  if (!draft.name.trim()) return "name";
  if (draft.point_ids.length === 0) return "points";
  if (draft.point_ids.length > MOST_PLAN_POINTS) return "tooMany";
  const whole = draft.windows.every(({ start, end }) => start && end && start !== end);
  if (draft.windows.length === 0 || !whole) return "windows";
  return overlapping(draft.windows) ? "overlap" : null;
}

export type RoutineFace = "ahead" | "overdue" | "done" | "late" | "missed" | "cancelled";

/** How a routine task stands, as a leader asks: in time, late, missed, or still to be done. */
export function routineFace(task: RoutineTask, nowMs: number): RoutineFace {
  if (task.state === "missed" || task.state === "cancelled") return task.state;
  if (task.state === "done") return task.late ? "late" : "done";
  return task.due_at !== null && Date.parse(task.due_at) < nowMs ? "overdue" : "ahead";
}

/** The last minute of a working day, or of the next one when that is over; local time, for a field of a form. */
export function firstDue(now: Date, endHour = 17, endMinute = 30): string {
  const due = new Date(now);
  due.setHours(endHour, endMinute, 0, 0);
  if (due.getTime() <= now.getTime()) due.setDate(due.getDate() + 1);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${due.getFullYear()}-${two(due.getMonth() + 1)}-${two(due.getDate())}T${two(due.getHours())}:${two(due.getMinutes())}`;
}
