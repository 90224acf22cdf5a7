import type { ClipSegment } from "@/api/types";

export interface Seam {
  atS: number; // where in the clip
  skippedMs: number; // how much wall time is missing there
}

// Timestamps of two neighbouring stretches differ by a frame or two without anything being left out.
const SEAM_MIN_MS = 500;

function wallStart(segment: ClipSegment): number {
  return Date.parse(segment.wall_start);
}

function segmentAt(segments: readonly ClipSegment[], clipS: number): ClipSegment | undefined {
  let found = segments[0];
  for (const segment of segments) if (segment.clip_start_s <= clipS) found = segment;
  return found;
}

/** The wall time that a moment of the clip shows, in epoch ms; null when the clip does not say. */
export function wallAt(segments: readonly ClipSegment[], clipS: number): number | null {
  const segment = segmentAt(segments, clipS);
  if (!segment) return null;
  const into = Math.min(Math.max(clipS - segment.clip_start_s, 0), segment.duration_s);
  return wallStart(segment) + into * 1_000;
}

function clipWithin(segment: ClipSegment, wallMs: number): number | null {
  const intoS = (wallMs - wallStart(segment)) / 1_000;
  return intoS >= 0 && intoS <= segment.duration_s ? segment.clip_start_s + intoS : null;
}

/** Where in the clip a wall time is shown; one that was left out is put at the seam; null when outside the clip. */
export function clipAt(segments: readonly ClipSegment[], wallMs: number): number | null {
  for (const segment of segments) {
    const at = clipWithin(segment, wallMs);
    if (at !== null) return at;
  }
  const after = segments.find((segment) => wallStart(segment) > wallMs);
  return after && after !== segments[0] ? after.clip_start_s : null;
}

export function seams(segments: readonly ClipSegment[]): Seam[] {
  return segments.slice(1).flatMap((segment, index) => {
    const before = segments[index];
    if (!before) return [];
    const skippedMs = wallStart(segment) - wallStart(before) - before.duration_s * 1_000;
    return skippedMs >= SEAM_MIN_MS ? [{ atS: segment.clip_start_s, skippedMs }] : [];
  });
}
