/** Arrow keys move by a small, exact step. */

export const NUDGE = 0.002; // of the picture
export const NUDGE_FAR = 0.01; // with Shift

const WAYS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Return how far a key moves things, null for other keys. */
export function nudgeOf(key: string, far: boolean): [number, number] | null {
  const way = WAYS[key];
  const step = far ? NUDGE_FAR : NUDGE;
  return way ? [way[0] * step, way[1] * step] : null;
}

/** "34.2 %": as it is read out. */
export function percent(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}
