import type { ReviewDetail, ReviewEntry, SceneEvent, Session } from "@/api/types";

/** A scene event; what a test does not name is unremarkable. */
export function makeEvent(change: Partial<SceneEvent> = {}): SceneEvent {
  return {
    id: "ev1",
    camera_id: "cam1",
    grid_id: "g1",
    region_code: "620702001001",
    event_type: "fire_lane_blocked",
    rule_id: "r1",
    zone_id: "z1",
    zone_name: "Z",
    severity: "S2",
    state: "closed",
    started_at: "2026-05-01T08:00:00Z",
    raised_at: "2026-05-01T08:03:00Z",
    last_seen_at: "2026-05-01T08:06:10Z",
    ended_at: "2026-05-01T08:06:10Z",
    confidence: 0.8,
    label: "vehicle",
    count: 1,
    boxes: [[0.1, 0.1, 0.2, 0.2]],
    zone_polygon: [[0, 0], [1, 0], [1, 1]],
    detector: "test",
    ...change,
  };
}

export function makeEntry(id: string, change: Partial<SceneEvent> = {}): ReviewEntry {
  const event = makeEvent({ id: `ev-${id}`, ...change });
  return {
    item: {
      id,
      event_id: event.id,
      camera_id: event.camera_id,
      grid_id: event.grid_id,
      event_type: event.event_type,
      severity: event.severity,
      created_at: event.raised_at,
      verdict: null,
      reason: "",
      note: "",
      judged_by: null,
      judged_by_name: null,
      judged_at: null,
      case_id: null,
    },
    event,
    place: "P",
    camera_name: "C",
    grid_name: "G",
    thumbnail_id: null,
    clip_id: null,
    reference_id: null,
    similar: 0,
  };
}

export function makeDetail(id: string): ReviewDetail {
  return { ...makeEntry(id), evidence: [], case: null, recent: [] };
}

export function makeSession(): Session {
  return {
    account: { id: "a1", name: "wang", display_name: "Wang", role: "grid_worker", grid_ids: [], locale: "zh-CN" },
    rights: ["review.read", "review.judge", "footage.view"],
    csrf_token: "token",
    expires_at: "2026-05-01T20:00:00Z",
    undo_window_s: 10,
  };
}

export interface Call {
  method: string;
  path: string;
  headers: Headers;
  body: unknown;
}

type Answer = { status: number; body?: unknown; headers?: Record<string, string> } | "down";

/** A gateway that answers from a list, in order; `calls` is what it was asked. The last answer repeats. */
export function fakeGateway(answers: Answer[]): Call[] {
  const calls: Call[] = [];
  globalThis.fetch = (async (url: string, init: RequestInit = {}) => {
    const answer = answers[Math.min(calls.length, answers.length - 1)] ?? "down";
    const body = typeof init.body === "string" ? (JSON.parse(init.body) as unknown) : undefined;
    calls.push({ method: init.method ?? "GET", path: String(url), headers: new Headers(init.headers), body });
    if (answer === "down") throw new TypeError("failed to fetch");
    const text = answer.body === undefined ? null : JSON.stringify(answer.body);
    return new Response(answer.status === 204 ? null : text, { status: answer.status, headers: answer.headers ?? {} });
  }) as typeof fetch;
  return calls;
}

/** Let all settled promises run on. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
}
