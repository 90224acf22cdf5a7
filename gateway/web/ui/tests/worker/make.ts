import type { RoundDetail, ViewVerdict } from "@/api/worker";

export function makeRound(points: string[], known: Record<string, ViewVerdict> = {}): RoundDetail {
  return {
    id: "round1", plan_id: "plan1", name: "R", grid_id: "g1", opens_at: "2026-05-01T01:00:00Z",
    due_at: "2026-05-01T02:00:00Z", state: "running", assignee: "a1", assignee_name: "A", overdue: false, may_start: true, started_at: "2026-05-01T01:00:00Z",
    finished_at: null, points: points.length, seen: 0, findings: 0,
    views: points.map((point_id) => ({
      point_id, camera_id: `cam-${point_id}`, camera_name: point_id, place: "P", preset: null, dwell_due_s: 20,
      verdict: known[point_id] ?? null, dwell_s: 20, judged_at: null, event_id: null, live: true, picture_at: null, event_types: ["litter"],
    })),
  };
}
