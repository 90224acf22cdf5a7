/** A finger drawn over the picture as a verdict. Pure: points in, direction out. */

export type Direction = "left" | "right" | "up" | "down";

export interface Trace {
  dx: number; // px, right is positive
  dy: number; // px, down is positive
  ms: number;
}

export interface Reach {
  direction: Direction | null; // where it leads, once it is clear
  share: number; // how far towards a verdict, 0-1; at 1 letting go judges
}

// A trembling thumb moves this much without meaning anything.
const SLOP_PX = 14;
// Sideways a thumb does by intention only; up and down it also does to scroll, so that must be longer.
const SIDEWAYS_PX = 96;
const UPRIGHT_PX = 140;
// More slanted than this it is neither.
const LEANING = 1.4;
// Held for so long it was rather a look than a swipe.
const LONGEST_MS = 2_500;

function lead(dx: number, dy: number): Direction | null {
  const [x, y] = [Math.abs(dx), Math.abs(dy)];
  if (Math.max(x, y) < SLOP_PX) return null;
  if (x >= y * LEANING) return dx > 0 ? "right" : "left";
  if (y >= x * LEANING) return dy > 0 ? "down" : "up";
  return null;
}

export function reach({ dx, dy, ms }: Trace): Reach {
  const direction = ms > LONGEST_MS ? null : lead(dx, dy);
  if (direction === null) return { direction, share: 0 };
  const sideways = direction === "left" || direction === "right";
  const share = sideways ? Math.abs(dx) / SIDEWAYS_PX : Math.abs(dy) / UPRIGHT_PX;
  return { direction, share: Math.min(1, share) };
}

/** The verdict's direction when the finger leaves the glass there; null when it was not far or clear enough. */
export function recognise(trace: Trace): Direction | null {
  const { direction, share } = reach(trace);
  return share >= 1 ? direction : null;
}
