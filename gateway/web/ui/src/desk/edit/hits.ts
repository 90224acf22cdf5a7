/** What was flagged of a camera in the last day, laid under the zone that is being drawn. */
import type { ReviewEntry, Verdict } from "@/api/types";
import type { Box, Point } from "@/api/types";
import { contains, footOf } from "./geometry";

export const DAY_MS = 24 * 3_600_000;

export interface DayHit {
  id: string;
  type: string;
  verdict: Verdict | null;
  boxes: Box[];
  feet: Point[];
  inside: boolean; // stands in the shape looked at
}

export interface HitCount {
  total: number;
  inside: number;
  confirmed: number; // of those inside
  rejected: number;
}

/** Events of the scene within the last day; faults of the camera stand nowhere in it. */
export function dayHits(entries: readonly ReviewEntry[], nowMs: number): Omit<DayHit, "inside">[] {
  const seen = new Set<string>();
  return entries.flatMap(({ event, item }) => {
    const late = nowMs - Date.parse(event.raised_at) > DAY_MS;
    if (late || event.boxes.length === 0 || event.event_type.startsWith("camera_fault") || seen.has(event.id)) return [];
    seen.add(event.id);
    const { boxes } = event;
    return [{ id: event.id, type: event.event_type, verdict: item.verdict, boxes, feet: boxes.map(footOf) }];
  });
}

/** Say which of them stand in a polygon; null: the whole picture. */
export function within(hits: readonly Omit<DayHit, "inside">[], polygon: readonly Point[] | null): DayHit[] {
  return hits.map((hit) => ({ ...hit, inside: polygon === null || hit.feet.some((foot) => contains(polygon, foot)) }));
}

export function countHits(hits: readonly DayHit[]): HitCount {
  const inside = hits.filter((hit) => hit.inside);
  const of = (verdict: Verdict) => inside.filter((hit) => hit.verdict === verdict).length;
  return { total: hits.length, inside: inside.length, confirmed: of("confirmed"), rejected: of("rejected") };
}
