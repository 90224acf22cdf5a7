/** Finding, onboarding, the camera ledger, placement, the map and the health board, as the gateway answers. */

import { apiUrl, getBlob, getJson, send, type RequestOptions } from "./client";
import type { CameraStateName } from "./types";

// A camera on a slow line takes seconds for each of several questions, and the gateway asks them one by one.
const CAMERA_TIMEOUT_MS = 60_000;
const UPLOAD_TIMEOUT_MS = 180_000;

export interface FoundDevice {
  key: string;
  xaddr: string;
  host: string;
  name: string;
  hardware: string;
  known_camera_id: string | null;
}

export interface Search {
  running: boolean;
  asked: number;
  total: number;
  found: FoundDevice[];
}

export interface SearchBody {
  method: "multicast" | "range";
  ranges?: string[];
  ports?: number[];
  seconds?: number;
}

export interface DeviceProfile {
  token: string;
  name: string;
  source: string; // of a recorder, one per camera
  role: "main" | "sub" | null;
  codec: string;
  width: number;
  height: number;
  fps: number;
  bitrate_kbps: number;
  movable: boolean;
  stream_url: string | null;
  snapshot_url: string | null;
}

export interface Connection {
  connection_id: string;
  device: { manufacturer: string; model: string; firmware: string; serial: string } | null;
  clock: { offset_s: number } | null;
  profiles: DeviceProfile[];
  presets: { token: string; name: string }[];
  quirks: { id: string; zh: string; en: string; source: string }[];
}

export interface StreamProbe {
  token: string;
  code: string | null; // why this stream could not be read; then the rest is null
  codec: string | null;
  width: number | null;
  height: number | null;
  fps: number | null;
  gop_s: number | null;
  bitrate_kbps: number | null;
  clock_offset_s: number | null;
  took_s: number | null;
}

export interface ConfigProblem {
  field: string;
  message: string;
  code: string;
}

export interface SavedCamera {
  id: string;
  version: number;
  problems: ConfigProblem[];
}

export interface Named {
  id: string;
  zh: string;
  en: string;
}

export interface Placement {
  classes: Named[];
  forbidden: (Named & { article: string })[];
  legal_bases: Named[];
}

export interface LedgerField extends Named {
  required: boolean;
}

export interface LedgerColumn {
  name: string;
  samples: string[];
  suggested: string | null;
}

export interface LedgerFile {
  file_id: string;
  rows: number;
  columns: LedgerColumn[];
  fields: LedgerField[];
}

export interface LedgerError {
  row: number;
  column: string | null;
  field: string | null;
  code: string;
  message: string; // in the account's language
  value: string | null;
}

export interface LedgerJob {
  state: "running" | "ready" | "importing" | "done" | "failed";
  done: number;
  total: number;
  new: number;
  changed: number;
  unchanged: number;
  errors: LedgerError[];
  errors_total: number;
  faulty_rows: number;
  version: number | null; // what the import became
  sample: Record<string, unknown>[];
}

export interface TrendDay {
  day: string;
  online_rate: number | null;
  intact_rate: number | null;
}

export interface SiteDown {
  key: string;
  name: string;
  cameras: number;
  since: string;
}

export interface HealthSummary {
  cameras: number; // in use
  online_rate: number | null;
  intact_rate: number | null;
  recording_rate: number | null; // events of 30 days whose clip is there: nothing is recorded without an event
  recording_events: number;
  trend: TrendDay[];
  faults: Record<string, number>;
  sites_down: SiteDown[];
}

export interface HealthFault {
  type: string;
  since: string;
  severity: string;
  event_id: string | null;
}

export interface HealthCamera {
  camera_id: string;
  name: string;
  place: string;
  grid_name: string;
  state: CameraStateName;
  since: string | null;
  faults: HealthFault[];
  needs_technician: boolean;
  site_down: string | null; // key of the site that is down as a whole
  clock_offset_s: number | null;
  coverage: Record<string, number>; // shares of today; empty: nothing is known of it
}

export interface HealthPage {
  items: HealthCamera[];
  next_cursor: string | null;
  found: number;
}

export interface MapCluster {
  lon: number;
  lat: number;
  count: number;
  offline: number;
  faulty: number;
}

export interface MapCamera {
  id: string;
  name: string;
  lon: number;
  lat: number;
  state: CameraStateName;
  faulty: boolean;
}

export interface MapAnswer {
  clusters: MapCluster[];
  cameras: MapCamera[];
}

type Query = RequestOptions["query"];
const id = encodeURIComponent;

export const findApi = {
  search: (body: SearchBody) => send<{ search_id: string }>("POST", "/discovery", { body }),
  searched: (searchId: string) => getJson<Search>(`/discovery/${id(searchId)}`),
  connect: (body: { xaddr?: string; stream_url?: string; username: string; password: string }) =>
    send<Connection>("POST", "/onboarding/connect", { body, timeoutMs: CAMERA_TIMEOUT_MS }),
  probe: (connectionId: string, body: { profile_tokens?: string[]; stream_url?: string }) =>
    send<{ streams: StreamProbe[] }>("POST", `/onboarding/${id(connectionId)}/probe`, {
      body,
      timeoutMs: CAMERA_TIMEOUT_MS,
    }),
  picture: (connectionId: string, profile: string) =>
    getBlob(`/onboarding/${id(connectionId)}/picture`, { query: { profile }, timeoutMs: CAMERA_TIMEOUT_MS }),
  save: (connectionId: string, document: Record<string, unknown>, reason: string) =>
    send<SavedCamera>("POST", `/onboarding/${id(connectionId)}/save`, { body: { document, reason } }),

  placement: () => getJson<Placement>("/placement"),
  gridsAt: (lon: number, lat: number) => getJson<{ grid_ids: string[] }>("/grids/at", { query: { lon, lat } }),
  map: (query: Query, signal?: AbortSignal) => getJson<MapAnswer>("/map", { query, signal }),

  ledgerFile: (file: Blob, name: string) =>
    send<LedgerFile>("POST", "/ledger/files", { query: { name }, file, timeoutMs: UPLOAD_TIMEOUT_MS }),
  ledgerPreview: (fileId: string, body: { mapping: Record<string, string>; defaults: Record<string, string> }) =>
    send<{ job_id: string }>("POST", `/ledger/files/${id(fileId)}/preview`, { body }),
  ledgerJob: (jobId: string) => getJson<LedgerJob>(`/ledger/jobs/${id(jobId)}`),
  ledgerImport: (jobId: string, body: { reason: string; skip_errors: boolean }) =>
    send<LedgerJob>("POST", `/ledger/jobs/${id(jobId)}/import`, { body }),

  healthSummary: (query: Query) => getJson<HealthSummary>("/health/summary", { query }),
  healthCameras: (query: Query) => getJson<HealthPage>("/health/cameras", { query }),
};

export const ledgerExportUrl = (query: Query): string => apiUrl("/ledger/export", query);
export const workOrderUrl = (query: Query): string => apiUrl("/health/work-order", query);
