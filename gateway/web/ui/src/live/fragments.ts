/** How a player keeps near the live edge; apart from the browser's own types so that it can be tested. */

// Fragments follow the camera's group of pictures, mostly 1-2 s: nearer than this the picture would stutter.
export const TARGET_LAG_S = 1.5;
// Up to here a little more speed makes up for it unnoticed; beyond, only a jump does.
export const CHASE_LAG_S = 3;
export const JUMP_LAG_S = 8;
export const CHASE_RATE = 1.08;
// A tab must not fill its memory: this much of the past stays.
export const KEEP_BEHIND_S = 15;
// A player that cannot keep up would queue without end: then it is better to begin anew.
export const QUEUE_MAX_BYTES = 12 * 1_048_576;
// Without a fragment for so long the picture is no longer live.
export const DELAYED_AFTER_MS = 4_000;
export const DEAD_AFTER_MS = 15_000;

export interface Pace {
  rate: number;
  jumpTo: number | null;
}

/** What to do with the playhead at `at` when the buffer ends at `edge` (both s). */
export function pace(at: number, start: number, edge: number): Pace {
  const lag = edge - at;
  // Outside the buffer nothing plays: the camera's own time rarely begins at zero.
  if (at < start || lag < -0.1 || lag > JUMP_LAG_S) return { rate: 1, jumpTo: Math.max(start, edge - TARGET_LAG_S) };
  return { rate: lag > CHASE_LAG_S ? CHASE_RATE : 1, jumpTo: null };
}

/** The end of what may be dropped, null when there is too little to bother the browser with. */
export function stale(at: number, start: number): number | null {
  const until = at - KEEP_BEHIND_S;
  return until - start > 5 ? until : null;
}
