/** Points that are visited on foot, their codes, and routine tasks by hand and by plans. Times UTC. */

import { apiUrl, getJson, send, type RequestOptions } from "./client";
import type { PlanWindow, Task, TaskDetail, TaskResult, Weekday } from "./worker";

export interface LastCheck {
  task_id: string;
  at: string;
  by_name: string;
  result: TaskResult | null;
  arrived_by: "position" | "code" | null;
}

export interface CheckPoint {
  id: string;
  grid_id: string;
  name: string;
  lon: number;
  lat: number;
  code: string | null; // only for those who post it
  last_check: LastCheck | null;
}

export type PointDraft = Pick<CheckPoint, "grid_id" | "name" | "lon" | "lat">;

export interface FootPlan {
  id: string;
  name: string;
  grid_id: string;
  points: { id: string; name: string }[];
  gone: number; // points that were removed since
  windows: PlanWindow[];
  weekdays: Weekday[]; // none: every day
  workdays: boolean; // only on working days
  assignee: string | null; // none: the grid's worker with the fewest open tasks
  assignee_name: string | null;
  note: string;
  enabled: boolean;
  version: number;
}

/** A plan as somebody writes it; `version` is the one that was edited, 0 for a new plan. */
export interface FootPlanDraft {
  name: string;
  grid_id: string;
  point_ids: string[];
  windows: PlanWindow[];
  weekdays: Weekday[];
  workdays: boolean;
  assignee: string | null;
  note: string;
  enabled: boolean;
  version: number;
}

export interface RoutineTask extends Task {
  plan_id: string | null;
  late: boolean; // done after it was due
}

export interface FootDay {
  day: string;
  items: RoutineTask[];
  cut: boolean;
}

export interface TaskOrder {
  grid_id: string;
  title: string;
  point_id: string;
  assignee: string | null;
  due_at: string | null;
  note: string;
}

type Query = RequestOptions["query"];

const id = encodeURIComponent;
export const MOST_POINTS = 1_000;
// Reading takes a moment; a frame that takes longer to arrive is of no use any more.
const READ_TIMEOUT_MS = 10_000;

export const pointsApi = {
  points: (query: Query) => getJson<CheckPoint[]>("/points", { query }),
  add: (body: PointDraft) => send<CheckPoint>("POST", "/points", { body }),
  save: (pointId: string, body: PointDraft) => send<CheckPoint>("POST", `/points/${id(pointId)}`, { body }),
  drop: (pointId: string) => send<void>("DELETE", `/points/${id(pointId)}`),
  readCode: (picture: Blob) =>
    send<{ code: string | null }>("POST", "/points/read", { file: picture, timeoutMs: READ_TIMEOUT_MS }),
  give: (body: TaskOrder) => send<TaskDetail>("POST", "/tasks", { body }),

  plans: () => getJson<{ items: FootPlan[] }>("/patrol/foot-plans"),
  addPlan: (body: FootPlanDraft) => send<FootPlan>("POST", "/patrol/foot-plans", { body }),
  savePlan: (planId: string, body: FootPlanDraft) => send<FootPlan>("POST", `/patrol/foot-plans/${id(planId)}`, { body }),
  dropPlan: (planId: string) => send<void>("DELETE", `/patrol/foot-plans/${id(planId)}`),
  day: (query: Query) => getJson<FootDay>("/patrol/foot", { query }),
};

export const signUrl = (pointId: string): string => apiUrl(`/points/${id(pointId)}/code`);
