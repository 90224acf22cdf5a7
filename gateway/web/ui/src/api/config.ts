/** The camera desk's answers: a camera as it is configured, its versions, changes to many at once. */
import { getBlob, getJson, send } from "./client";
import type { Box, Point, ReviewPage, Severity } from "./types";

export const ZONE_KINDS = ["area", "line", "privacy_mask", "ignore"] as const;
export type ZoneKind = (typeof ZONE_KINDS)[number];
export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];
export const OBJECTS = ["person", "vehicle", "nonmotor", "animal"] as const;
export type ObjectGroup = (typeof OBJECTS)[number];

export interface ZoneDoc {
  id: string;
  name: string;
  kind?: ZoneKind;
  polygon: Point[];
  grid?: string | null;
  arrow?: [Point, Point] | null; // only its direction counts
  count?: ObjectGroup[]; // of a line
  preset?: string | null; // in force while the camera shows it; none: in every view
}

/** A view that a camera that turns comes back to. */
export interface PresetDoc {
  id: string;
  name: string;
  token?: string | null; // what the device calls it
  references?: string[]; // ids of pictures; zones are drawn on the first
}

export interface ScheduleDoc {
  days?: "working" | "off"; // by the site's calendar; none: every day
  light?: "day" | "night"; // by the sun where the camera stands
  weekdays?: Weekday[];
  start?: string; // "08:30" or "08:30:00", local time
  end?: string; // earlier than or equal to `start`: over midnight
  not_on?: string[]; // "2026-10-01"
}

export interface RuleDoc {
  id: string;
  type: string;
  zone?: string | null;
  objects?: ObjectGroup[];
  dwell_s?: number | null;
  cadence_s?: number | null;
  clear_s?: number;
  cool_down_s?: number;
  min_count?: number;
  min_confidence?: number;
  min_area?: number;
  severity?: Severity | null;
  auto_report?: boolean;
  schedule?: ScheduleDoc;
  enabled?: boolean;
}

export interface StreamDoc {
  url: string;
  role?: "main" | "sub";
  transport?: "tcp" | "udp";
  username?: string | null;
  password_env?: string | null;
  password?: string; // a new one, on its way in only
  password_sealed?: boolean;
  read_timeout_s?: number;
  open_timeout_s?: number;
  reader?: "auto" | "ffmpeg";
}

export interface LegalDoc {
  purpose: string;
  legal_basis: string;
  installer_unit: string;
  placement_class: string;
  signage_confirmed?: boolean;
  event_types?: string[];
}

export interface FigureHeight {
  y: number; // of the feet, 0-1 of the picture from above
  height: number; // of a standing person, 0-1 of the picture
}

export interface PerspectiveDoc {
  near: FigureHeight;
  far: FigureHeight;
}

export interface CameraDoc {
  id: string;
  name: string;
  grids: string[];
  position: { lon: number; lat: number; place?: string; heading_deg?: number | null };
  streams: StreamDoc[];
  analyse?: "auto" | "main" | "sub";
  legal: LegalDoc;
  presets?: PresetDoc[];
  references?: string[]; // of the view that zones without a preset were drawn on
  zones?: ZoneDoc[];
  rules?: RuleDoc[];
  perspective?: PerspectiveDoc | null;
  detector?: string | null;
  enabled?: boolean;
  tags?: string[];
  [other: string]: unknown; // what a newer gateway knows is carried along untouched
}

export interface Finding {
  field: string; // "rules[0].zone"
  message: string;
  code?: string;
}

export interface ConfigCamera {
  id: string;
  version: number;
  document: CameraDoc;
  problems: Finding[];
}

export interface CheckAnswer {
  problems: Finding[];
  warnings: Finding[];
}

export interface Change {
  path: string;
  before: unknown;
  after: unknown;
}

export interface BatchSelection {
  region_code?: string;
  grid_id?: string;
  tag?: string;
  camera_ids?: string[];
}

export interface BatchChange {
  add_rules?: RuleDoc[];
  remove_rule_types?: string[];
  rule_types?: string[]; // whose schedule is set
  schedule?: ScheduleDoc;
  enabled?: boolean;
  analyse?: "auto" | "main" | "sub";
  add_tags?: string[];
  remove_tags?: string[];
}

export interface BatchAnswer {
  matched: number;
  changed_total: number;
  changed: { id: string; diff: Change[] }[];
  problems: { camera_id: string; field: string; message: string }[];
}

export type Action = "added" | "changed" | "removed";

export interface Version {
  id: number;
  at: string;
  author: string;
  reason: string;
  cameras: number;
  entries_total: number;
  entries: { kind: string; id: string; action: Action }[];
}

export interface VersionDetail extends Version {
  diff: { kind: string; id: string; action: Action; changes: Change[] }[];
}

export interface VersionPage {
  items: Version[];
  next_cursor: string | null;
}

export interface RuleDefaults {
  dwell_s: number;
  cadence_s: number;
  clear_s: number;
  cool_down_s: number;
  min_count: number;
  min_confidence: number;
  min_area: number;
}

export interface SiteEventType {
  id: string;
  zh: string;
  en: string;
  severity: Severity;
  technique: "classical" | "objects" | "model";
  parent: string | null;
  available: boolean;
  default_rule: RuleDefaults;
}

export interface SiteGrid {
  id: string;
  code: string;
  name: string;
  region_code: string;
}

export interface SiteAnswer {
  version: number;
  regions: { code: string; name: string }[];
  grids: SiteGrid[];
  event_types: SiteEventType[];
  tags: string[];
  fields?: string[]; // optional fields of cameras that this gateway knows
}

export const LIES = ["in_place", "aside", "elsewhere", "unclear"] as const;

/** Where what the camera shows lies against a reference picture; shifts in shares of the picture. */
export interface Offset {
  reference: string;
  lies: (typeof LIES)[number];
  right: number;
  down: number;
  likeness: number;
}

export interface TakenReference {
  id: string;
  taken_at: string;
  offset: Offset | null; // against the picture it takes the place of
}

export type Would = "flagged" | "not_flagged" | "unknown";

/** Why nothing can be said of an event; "control": the present rules do not flag it in the clip, either. */
export type Because = "" | "control" | "too_short" | "no_clip" | "frozen" | "no_rule";

export interface DryRunResult {
  events: { id: string; type: string; rule: string; started_at: string; verdict: string; would: Would; reason: string; because: Because }[];
  verdicts: Record<string, Partial<Record<Would, number>>>;
  unarmed: { rule: string; reason: string }[];
  unknown: Partial<Record<Because, number>>; // why nothing can be said, and of how many
  left_out: number; // older events that were not replayed
}

export type ProposalKind = "min_confidence" | "dwell_s" | "ignore_area";

/** A change that verdicts suggest, and what replaying the clips says of it. */
export interface Proposal {
  key: string;
  rule_id: string;
  kind: ProposalKind;
  before: number | null;
  after: number | null;
  area: Box | null;
  rejected: number;
  spared: number;
  confirmed: number;
  tried: { spared: number; kept: number; lost: number; unknown: number };
  holds: boolean;
  rules: RuleDoc[];
  zones: ZoneDoc[];
}

export interface ProposalsResult {
  judged: number;
  proposals: Proposal[];
}

export interface Trial<T> {
  id: string;
  state: "waiting" | "running" | "done" | "failed";
  done: number;
  total: number;
  error: string;
  result: T | null;
}

export type TrialTask = "dry_run" | "proposals";

const id = encodeURIComponent;

export const configApi = {
  camera: (cameraId: string) => getJson<ConfigCamera>(`/config/cameras/${id(cameraId)}`),
  save: (cameraId: string, body: { document: CameraDoc; base_version: number; reason: string }, idempotencyKey: string) =>
    send<ConfigCamera>("POST", `/config/cameras/${id(cameraId)}`, { body, idempotencyKey }),
  check: (document: CameraDoc, signal?: AbortSignal) =>
    send<CheckAnswer>("POST", "/config/check", { body: { document }, ...(signal ? { signal } : {}) }),
  batch: (
    body: { select: BatchSelection; change: BatchChange; reason: string; preview: boolean },
    idempotencyKey?: string,
  ) => send<BatchAnswer>("POST", "/config/batch", { body, ...(idempotencyKey ? { idempotencyKey } : {}) }),
  versions: (query: { camera_id?: string; cursor?: string; limit?: number }) =>
    getJson<VersionPage>("/config/versions", { query }),
  version: (versionId: number) => getJson<VersionDetail>(`/config/versions/${versionId}`),
  rollBack: (versionId: number, body: { reason: string; camera_id?: string }, idempotencyKey: string) =>
    send<Version>("POST", `/config/versions/${versionId}/rollback`, { body, idempotencyKey }),
  takeReference: (cameraId: string, insteadOf: string | null) =>
    send<TakenReference>("POST", `/config/cameras/${id(cameraId)}/references`, { body: { instead_of: insteadOf } }),
  reference: (cameraId: string, reference: string) =>
    getBlob(`/config/cameras/${id(cameraId)}/references/${id(reference)}`),
  offsets: (cameraId: string, references: readonly string[]) =>
    getJson<{ picture_at: string; offsets: Offset[] }>(`/config/cameras/${id(cameraId)}/offsets`, {
      query: { references: references.join(",") },
    }),
  site: () => getJson<SiteAnswer>("/config/site"),
  beginTrial: (cameraId: string, body: { task: TrialTask; document?: CameraDoc; days: number }) =>
    send<{ trial_id: string }>("POST", `/config/cameras/${id(cameraId)}/trials`, { body }),
  trial: <T>(trialId: string) => getJson<Trial<T>>(`/config/trials/${id(trialId)}`),
  hits: (cameraId: string, state: "waiting" | "judged") =>
    getJson<ReviewPage>("/review", { query: { camera_id: cameraId, state, limit: 100 } }),
};
