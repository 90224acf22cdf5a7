/** The grid worker's desk over HTTP: rounds, tasks, coverage, numbers, notes and push. Times UTC, boxes 0-1. */

import { apiUrl, getJson, send, type RequestOptions } from "./client";
import type {
  Box, Case, Evidence, Point, Reason, ReviewDetail, ReviewEntry, Verdict,
} from "./types";

export const ROUND_STATES = ["waiting", "running", "done", "late", "missed"] as const;
export type RoundState = (typeof ROUND_STATES)[number];
export type ViewVerdict = "normal" | "finding" | "not_viewable";
/** What was on the screen while somebody looked. */
export type Shown = "live" | "last_look" | "none";

export interface PlanPoint {
  id: string;
  camera_id: string;
  name: string;
  preset: string | null;
  dwell_s: number;
}

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export interface PlanWindow {
  start: string; // "09:00", the gateway's local time
  end: string;
}

export interface Plan {
  id: string;
  name: string;
  grid_id: string;
  points: PlanPoint[];
  windows: PlanWindow[];
  weekdays: Weekday[]; // none: every day
  assignees: string[]; // account ids; none: every worker of the grid
  assignee_names?: string[];
  enabled: boolean;
  look_s?: number; // how long a round takes at least
  version: number;
}

/** A plan as somebody writes it; `version` is the one that was edited, 0 for a new plan. */
export type PlanDraft = Pick<Plan, "name" | "grid_id" | "windows" | "weekdays" | "assignees" | "enabled" | "version"> & {
  points: { id?: string; camera_id: string; name: string; preset: string | null; dwell_s: number }[];
};

export interface Suggestion extends Omit<Plan, "id" | "version"> {
  left_out: number; // cameras of the grid for which the round would be too long
}

export interface PatrolWorker {
  id: string;
  name: string;
  named: boolean; // by the grid's own configuration
}

export interface Round {
  id: string;
  plan_id: string;
  name: string;
  grid_id: string;
  opens_at: string;
  due_at: string;
  state: RoundState;
  assignee: string | null;
  assignee_name: string | null;
  started_at: string | null;
  finished_at: string | null;
  points: number;
  seen: number;
  findings: number;
  overdue: boolean;
  may_start: boolean;
}

export interface RoundView {
  point_id: string;
  camera_id: string;
  camera_name: string;
  place: string;
  preset: string | null;
  dwell_due_s: number;
  verdict: ViewVerdict | null;
  dwell_s: number;
  judged_at: string | null;
  event_id: string | null;
  live: boolean;
  picture_at: string | null;
  event_types: string[]; // what this camera's purpose allows to be reported
}

export interface RoundDetail extends Round {
  views: RoundView[];
}

export interface Finding {
  event_type: string;
  box: Box;
  frame_jpeg: string; // base64
  note: string;
}

export interface ViewBody {
  verdict: ViewVerdict;
  dwell_s: number;
  shown: Shown;
  client_id: string;
  judged_at?: string; // by this phone, which may send it later
  note?: string;
  finding?: Finding;
}

export interface RoundSummary {
  seen: number;
  missed: number;
  not_viewable: number;
  findings: number;
  took_s: number;
}

export const TASK_STATES = ["open", "arrived", "done", "returned", "cancelled", "missed"] as const;
export type TaskState = (typeof TASK_STATES)[number];
export type TaskResult = "confirmed" | "rejected" | "handled";

export interface Task {
  id: string;
  kind: "check" | "verify" | "routine";
  grid_id: string;
  item_id: string | null;
  case_id: string | null;
  event_id: string | null;
  point_id: string | null;
  title: string;
  what: string;
  place: string;
  lon: number | null;
  lat: number | null;
  assignee: string | null;
  assignee_name: string | null;
  mine: boolean; // the reader may act on it
  state: TaskState;
  overdue: boolean;
  due_at: string | null;
  created_at: string;
  result: TaskResult | null;
  note: string;
}

export interface TaskPhoto {
  id: string;
  moment: "before" | "after";
  at: string;
}

export interface Arrival {
  at: string;
  distance_m: number | null;
  near: boolean | null; // it can have been at the place; null where that has no position
  accuracy_m: number | null;
  by: "position" | "code";
}

export interface TaskDetail extends Task {
  evidence: Evidence[];
  photos: TaskPhoto[];
  arrival: Arrival | null;
}

export type ArriveBody = { lon: number; lat: number; accuracy_m: number; at: string } | { code: string };

export interface TaskPage {
  items: Task[];
  next_cursor: string | null;
}

export interface CoverageCamera {
  id: string;
  lon: number | null;
  lat: number | null;
  name: string;
  video_share: number | null; // of the time that the gateway should have watched it
  planned: boolean;
  seen_in_round: boolean;
  findings: number;
}

export interface CoveragePoint {
  id: string;
  lon: number;
  lat: number;
  checked: boolean;
}

export interface DayCoverage {
  grid_id: string;
  polygon: Point[];
  cameras: CoverageCamera[];
  points: CoveragePoint[];
  tasks: { id: string; lon: number | null; lat: number | null; state: TaskState }[];
}

export const LOG_WORDS = [
  "round_begun",
  "round_done",
  "round_late",
  "round_missed",
  "finding",
  "not_viewable",
  "task_made",
  "arrived",
  "task_done",
  "task_cancelled",
  "task_missed",
] as const;

export interface LogEntry {
  at: string;
  kind: "video" | "foot";
  what: (typeof LOG_WORDS)[number];
  ref_id: string; // of the round or task
  name: string;
  by_name: string | null;
  event_id: string | null;
  seen: number | null;
  points: number | null;
  distance_m: number | null;
  result: TaskResult | null;
  note: string;
}

export interface Figures {
  judged: number;
  median_time_to_verdict_s: number | null;
  rounds_due: number;
  rounds_done: number;
  rounds_missed: number;
  patrol_completion: number | null;
  tasks_done: number;
  tasks_overdue: number;
}

export interface MyNumbers extends Figures {
  grid_false_alarm_rate: number | null;
}

export interface GridNumbers extends Figures {
  grid_id: string;
  grid_name: string;
  false_alarm_rate: number | null;
}

export interface Hold {
  held_by: string;
  held_by_name: string;
  until: string;
}

export interface ReviewNote {
  id: string;
  kind: string;
  content_type: string;
  size_bytes: number;
  at: string;
  by_name: string;
  url: string;
}

export interface BatchBody {
  item_ids: string[];
  verdict: Verdict;
  reason?: Reason;
  note?: string;
  client_id: string;
}

export interface BatchAnswer {
  items: { id: string; ok: boolean; code?: string }[];
}

export interface VerifyBody {
  result: "verified" | "rework";
  note: string;
}

/** A fresh look at the place of a case that came back as handled. */
export interface Look {
  id: string;
  at: string;
  result: "nothing_found" | "still_there" | "cannot_tell";
  detail: string; // why there is no picture or no answer
  before: Evidence | null;
  after: Evidence | null;
}

export interface CaseLooks {
  checkable: boolean; // it waits for a person to verify or return it
  looks: Look[];
}

type Query = RequestOptions["query"];

const id = encodeURIComponent;
// A picture over a village line: 600 KB at 64 kbit/s take more than a minute.
export const UPLOAD_TIMEOUT_MS = 120_000;

export const workerApi = {
  rounds: (query: Query) => getJson<{ items: Round[]; next_cursor: string | null }>("/patrol/rounds", { query }),
  round: (roundId: string) => getJson<RoundDetail>(`/patrol/rounds/${id(roundId)}`),
  startRound: (roundId: string) => send<RoundDetail>("POST", `/patrol/rounds/${id(roundId)}/start`),
  judgeView: (roundId: string, pointId: string, body: ViewBody, idempotencyKey: string) =>
    send<RoundView>("POST", `/patrol/rounds/${id(roundId)}/views/${id(pointId)}`, {
      body, idempotencyKey, timeoutMs: UPLOAD_TIMEOUT_MS,
    }),
  finishRound: (roundId: string, at: string, idempotencyKey: string) =>
    send<RoundSummary>("POST", `/patrol/rounds/${id(roundId)}/finish`, { body: { at }, idempotencyKey }),

  plans: () => getJson<{ items: Plan[] }>("/patrol/plans"),
  addPlan: (body: PlanDraft) => send<Plan>("POST", "/patrol/plans", { body }),
  savePlan: (planId: string, body: PlanDraft) => send<Plan>("POST", `/patrol/plans/${id(planId)}`, { body }),
  workers: (gridId: string) => getJson<PatrolWorker[]>("/patrol/workers", { query: { grid_id: gridId } }),
  dropPlan: (planId: string) => send<void>("DELETE", `/patrol/plans/${id(planId)}`),
  suggestPlan: (gridId: string) => send<Suggestion>("POST", "/patrol/plans/suggest", { body: { grid_id: gridId } }),

  tasks: (query: Query) => getJson<TaskPage>("/tasks", { query }),
  task: (taskId: string) => getJson<TaskDetail>(`/tasks/${id(taskId)}`),
  arrive: (taskId: string, body: ArriveBody, idempotencyKey: string) =>
    send<TaskDetail>("POST", `/tasks/${id(taskId)}/arrive`, { body, idempotencyKey }),
  addPhoto: (taskId: string, moment: TaskPhoto["moment"], file: Blob, idempotencyKey: string) =>
    send<{ photo_id: string }>("POST", `/tasks/${id(taskId)}/photos`, {
      query: { moment, client_id: idempotencyKey }, file, idempotencyKey, timeoutMs: UPLOAD_TIMEOUT_MS,
    }),
  giveBack: (taskId: string, note: string) => send<TaskDetail>("POST", `/tasks/${id(taskId)}/return`, { body: { note } }),
  finishTask: (taskId: string, body: { result: TaskResult; note: string; client_id: string }) =>
    send<TaskDetail>("POST", `/tasks/${id(taskId)}/finish`, { body, idempotencyKey: body.client_id }),

  log: (query: Query) => getJson<{ items: LogEntry[]; cut: boolean }>("/patrol/log", { query }),
  coverage: (query: Query) => getJson<DayCoverage>("/patrol/coverage", { query }),
  myNumbers: (days: number) => getJson<MyNumbers>("/numbers/mine", { query: { days } }),
  gridNumbers: (days: number) => getJson<{ items: GridNumbers[] }>("/numbers/grids", { query: { days } }),

  hold: (itemId: string) => send<Hold>("POST", `/review/${id(itemId)}/hold`),
  letGo: (itemId: string) => send<void>("DELETE", `/review/${id(itemId)}/hold`),
  similar: (itemId: string) => getJson<{ items: ReviewEntry[] }>(`/review/${id(itemId)}/similar`),
  judgeBatch: (body: BatchBody) =>
    send<BatchAnswer>("POST", "/review/batch", { body, idempotencyKey: body.client_id }),
  addNote: (itemId: string, file: Blob, idempotencyKey: string) =>
    send<{ note_id: string }>("POST", `/review/${id(itemId)}/notes`, {
      query: { client_id: idempotencyKey }, file, idempotencyKey, timeoutMs: UPLOAD_TIMEOUT_MS,
    }),
  looks: (caseId: string) => getJson<CaseLooks>(`/cases/${id(caseId)}/looks`),
  verifyCase: (caseId: string, body: VerifyBody, idempotencyKey: string) =>
    send<Case>("POST", `/cases/${id(caseId)}/verify`, { body, idempotencyKey }),

  pushKey: () => getJson<{ public_key: string | null }>("/push/key"),
  subscribe: (body: PushSubscriptionJSON) => send<void>("POST", "/push/subscriptions", { body }),
  unsubscribe: (endpoint: string) => send<void>("DELETE", "/push/subscriptions", { body: { endpoint } }),
};

export const photoUrl = (taskId: string, photoId: string): string =>
  apiUrl(`/tasks/${id(taskId)}/photos/${id(photoId)}`);
export const noteUrl = (noteId: string): string => apiUrl(`/review/notes/${id(noteId)}`);

export type { ReviewDetail };
