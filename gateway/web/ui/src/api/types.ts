/** The gateway's HTTP answers, as `/api/v1/openapi.json` describes them. Times are ISO-8601 UTC; boxes and polygons 0-1. */

import type { ReviewNote } from "./worker";

export type Severity = "S1" | "S2" | "S3" | "S4";
export type Verdict = "confirmed" | "rejected" | "on_site" | "unclear";
export type Reason = "light" | "rain_snow" | "headlights" | "permitted" | "other";
export type Locale = "zh-CN" | "en";
export type Right =
  | "review.read"
  | "review.judge"
  | "case.read"
  | "case.replay"
  | "camera.read"
  | "camera.health"
  | "footage.view"
  | "patrol.do"
  | "patrol.plan"
  | "task.do"
  | "numbers.read"
  | "account.manage"
  | "audit.read"
  | "fleet.read"
  | "config.read"
  | "config.edit"
  | "onboard";
export type Point = [number, number];
export type Box = [number, number, number, number];

export interface Account {
  id: string;
  name: string;
  display_name: string;
  role: string;
  grid_ids: string[];
  locale: string;
}

export interface Session {
  account: Account;
  rights: Right[];
  csrf_token: string;
  expires_at: string;
  undo_window_s: number;
}

export interface SceneEvent {
  id: string;
  camera_id: string;
  grid_id: string;
  region_code: string;
  event_type: string;
  rule_id: string;
  zone_id: string | null;
  zone_name: string | null;
  severity: Severity;
  state: "open" | "closed" | "interrupted";
  started_at: string;
  raised_at: string;
  last_seen_at: string;
  ended_at: string | null;
  confidence: number;
  label: string;
  count: number;
  boxes: Box[];
  zone_polygon: Point[];
  detector: string;
}

export interface ReviewItem {
  id: string;
  event_id: string;
  camera_id: string;
  grid_id: string;
  event_type: string;
  severity: Severity;
  created_at: string;
  verdict: Verdict | null;
  reason: string;
  note: string;
  judged_by: string | null;
  judged_by_name: string | null;
  judged_at: string | null;
  case_id: string | null;
}

export interface ReviewEntry {
  item: ReviewItem;
  event: SceneEvent;
  place: string;
  camera_name: string;
  grid_name: string;
  thumbnail_id: string | null;
  clip_id: string | null;
  reference_id: string | null;
  similar: number;
  held_by_name?: string | null; // somebody else has it open
  mine?: boolean; // in a grid whose worker I am
}

export type SeverityCounts = Record<Severity, number>;

export interface ReviewPage {
  items: ReviewEntry[];
  next_cursor: string | null;
  counts: SeverityCounts;
}

export interface ClipSegment {
  clip_start_s: number;
  duration_s: number;
  wall_start: string;
}

export interface Evidence {
  id: string;
  kind: "clip" | "snapshot" | "thumbnail" | "reference";
  content_type: string;
  size_bytes: number;
  sha256: string;
  width: number;
  height: number;
  duration_s: number;
  codec: string;
  masked: boolean;
  segments: ClipSegment[];
  url: string;
}

export type CaseStateName =
  | "opened"
  | "accepted"
  | "declined"
  | "filed"
  | "dispatched"
  | "handling"
  | "fed_back"
  | "verified"
  | "rework"
  | "closed"
  | "cancelled";

export interface Case {
  id: string;
  event_id: string;
  camera_id: string;
  grid_id: string;
  event_type: string;
  severity: Severity;
  place: string;
  lon: number;
  lat: number;
  state: CaseStateName;
  number: string | null;
  opened_at: string;
  opened_by_name: string;
  deadline_at: string | null;
  updated_at: string;
  note: string;
}

export interface CaseStep {
  id: string;
  state: CaseStateName;
  at: string;
  actor_name: string;
  note: string;
}

export interface Delivery {
  id: string;
  endpoint_id: string;
  message_type: string;
  state: "pending" | "leased" | "delivered" | "dead";
  attempts: number;
  not_before: string;
  delivered_at: string | null;
  last_status: number | null;
  last_error: string;
}

export interface CaseDetail extends Case {
  steps: CaseStep[];
  deliveries: Delivery[];
  item_id: string | null;
}

export interface ReviewDetail extends ReviewEntry {
  evidence: Evidence[];
  case: Case | null;
  recent: SceneEvent[];
  notes?: ReviewNote[];
}

export const CAMERA_STATES = [
  "connecting",
  "online",
  "waiting",
  "unreachable",
  "reset",
  "silent",
  "auth_failed",
  "not_video",
  "ended",
  "stalled",
  "corrupt",
  "offline",
  "disabled",
] as const;
export type CameraStateName = (typeof CAMERA_STATES)[number];

export interface CameraState {
  state: CameraStateName;
  since: string;
  updated_at: string;
  detail: string;
  attempts: number;
  next_try_at: string | null;
  last_picture_at: string | null;
  codec: string;
  width: number;
  height: number;
  fps: number | null;
  looks: number;
  dropped_gops: number;
  tier: "" | "main" | "sub" | "poll";
  clock_offset_s: number | null;
  gop_s: number | null;
  notes: string[];
  audited: number;
  audit_active: number;
  audit_missed: number;
  refused_looks: number;
  refused_bursts: number;
  lost_packets: number;
}

export interface Camera {
  id: string;
  name: string;
  place: string;
  lon: number;
  lat: number;
  grid_ids: string[];
  grid_names: string[];
  state: CameraState;
  rule_count: number;
  event_types: string[];
  enabled: boolean;
  masked: boolean;
  coverage_today: number | null; // share watched since midnight, 0-1
}

export const CAMERA_NOTES = [
  "long_gop",
  "evidence_from_sub",
  "sub_unavailable",
  "sub_long_gop",
  "streams_apart",
  "poll_stale",
  "poll_slow",
  "poll_different",
  "poll_failed",
  "view_unknown",
  "burst_fatigue",
  "device_tamper",
  "device_signal_loss",
] as const;
export type CameraNote = (typeof CAMERA_NOTES)[number];

/** What was done with a second of a camera; watched ones first, then losses, then what was meant. */
export const COVERAGE_STATES = [
  "analysed",
  "looked",
  "polled",
  "overloaded",
  "offline",
  "unknown",
  "paused",
  "masked",
] as const;
export type CoverageState = (typeof COVERAGE_STATES)[number];
export type CoverageSeconds = Record<CoverageState, number>;

export interface CoverageSum {
  seconds: CoverageSeconds;
  watched_share: number | null;
}

export interface CoverageRow {
  state: CoverageState;
  start: string;
  end: string;
}

export interface CameraCoverage extends CoverageSum {
  start: string;
  end: string;
  rows: CoverageRow[];
  unrecorded_s: number;
}

export interface CoverageItem extends CoverageSum {
  id: string;
  name: string;
  cameras: number;
}

export interface CoverageDay {
  day: string;
  start: string;
  end: string;
  by: "grid" | "camera";
  items: CoverageItem[];
  total: CoverageSum;
  next_cursor: string | null;
}

export interface CameraZone {
  id: string;
  name: string;
  kind: "area" | "line" | "privacy_mask" | "ignore";
  polygon: Point[];
  grid: string | null;
}

export interface CameraRule {
  id: string;
  type: string;
  zone: string | null;
  objects: string[];
  dwell_s: number | null;
  clear_s: number;
  severity: Severity;
  auto_report: boolean;
  enabled: boolean;
  detector_ready: boolean;
}

export interface LegalCard {
  purpose: string;
  legal_basis: string;
  installer_unit: string;
  placement_class: string;
  signage_confirmed: boolean;
}

export interface CameraStream {
  role: "main" | "sub";
  transport: string;
  codec?: string | null;
  host: string;
}

export interface CameraDetail extends Camera {
  zones: CameraZone[];
  rules: CameraRule[];
  legal: LegalCard;
  streams: CameraStream[];
  recent: SceneEvent[];
}

export interface CameraPage {
  items: Camera[];
  next_cursor: string | null;
  totals: { online: number; total: number };
  found: number;
}

export interface CasePage {
  items: Case[];
  next_cursor: string | null;
}

export interface EventType {
  id: string;
  zh: string;
  en: string;
  severity: Severity;
  dwell_s: number;
  deadline: { zh: string; en: string };
  needs_model: boolean;
  available: boolean;
}

export interface Grid {
  id: string;
  code: string;
  name: string;
  kind: string;
  region_code: string;
  polygon: Point[];
}

export interface VerdictBody {
  verdict: Verdict;
  reason?: Reason;
  note?: string;
  client_id?: string;
}

export type LiveHello =
  | { kind: "fmp4"; mime: string; width: number; height: number }
  | { kind: "jpeg" }
  | { kind: "error"; code: string };
