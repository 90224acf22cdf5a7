import { apiUrl, getBlob, getJson, send, type RequestOptions } from "./client";
import type {
  CameraCoverage,
  CameraDetail,
  CameraPage,
  CaseDetail,
  CasePage,
  CoverageDay,
  EventType,
  Grid,
  Locale,
  ReviewDetail,
  ReviewPage,
  Session,
  VerdictBody,
} from "./types";

const id = encodeURIComponent;
// Of any age: an old picture that says how old it is tells more than none.
const picturePath = (cameraId: string): string => `/cameras/${id(cameraId)}/picture`;

export const api = {
  session: () => getJson<Session>("/session"),
  signIn: (name: string, password: string) => send<Session>("POST", "/session", { body: { name, password } }),
  signOut: () => send<void>("DELETE", "/session"),
  setLocale: (locale: Locale) => send<Session>("PATCH", "/session", { body: { locale } }),
  setupNeeded: () => getJson<{ needed: boolean }>("/setup"),
  setUp: (body: { token: string; name: string; display_name: string; password: string }) =>
    send<Session>("POST", "/setup", { body }),

  review: (query: RequestOptions["query"]) => getJson<ReviewPage>("/review", { query }),
  reviewItem: (itemId: string) => getJson<ReviewDetail>(`/review/${id(itemId)}`),
  event: (eventId: string) => getJson<ReviewDetail>(`/events/${id(eventId)}`),
  judge: (itemId: string, body: VerdictBody, idempotencyKey: string) =>
    send<ReviewDetail>("POST", `/review/${id(itemId)}/verdict`, { body, idempotencyKey }),
  undo: (itemId: string, idempotencyKey: string) =>
    send<ReviewDetail>("DELETE", `/review/${id(itemId)}/verdict`, { idempotencyKey }),

  cameras: (query: RequestOptions["query"]) => getJson<CameraPage>("/cameras", { query }),
  camera: (cameraId: string) => getJson<CameraDetail>(`/cameras/${id(cameraId)}`),
  cameraCoverage: (cameraId: string) => getJson<CameraCoverage>(`/cameras/${id(cameraId)}/coverage`),
  coverage: (query: RequestOptions["query"]) => getJson<CoverageDay>("/coverage", { query }),
  picture: (cameraId: string) => getBlob(picturePath(cameraId)),

  cases: (query: RequestOptions["query"]) => getJson<CasePage>("/cases", { query }),
  case: (caseId: string) => getJson<CaseDetail>(`/cases/${id(caseId)}`),
  replay: (deliveryId: string, idempotencyKey: string) =>
    send<void>("POST", `/deliveries/${id(deliveryId)}/replay`, { idempotencyKey }),

  taxonomy: () => getJson<EventType[]>("/taxonomy"),
  grids: () => getJson<Grid[]>("/grids"),
};

export const evidenceUrl = (evidenceId: string): string => apiUrl(`/evidence/${id(evidenceId)}`);
export const pictureUrl = (cameraId: string): string => apiUrl(picturePath(cameraId));
export const streamUrl = (): string => apiUrl("/stream");

export function liveUrl(cameraId: string): string {
  const scheme = window.location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${window.location.host}${apiUrl(`/cameras/${id(cameraId)}/live`)}`;
}
