/** Drawing a box on a frame, by touch, mouse or keys. Everything in shares of the picture, 0-1. */

import type { Box, Point } from "@/api/types";

// Smaller than this is a slip of the finger.
export const SMALLEST = 0.02;
export const KEY_STEP = 0.02;
export const FINE_STEP = 0.005;

const clamp = (n: number) => Math.min(1, Math.max(0, n));

/** Where a pointer is on a picture that is fitted into an element with bars beside it (`object-fit: contain`). */
export function pointIn(
  client: { x: number; y: number },
  area: { left: number; top: number; width: number; height: number },
  picture: { width: number; height: number },
): Point {
  const scale = Math.min(area.width / picture.width, area.height / picture.height);
  const [w, h] = [picture.width * scale, picture.height * scale];
  const left = area.left + (area.width - w) / 2;
  const top = area.top + (area.height - h) / 2;
  return [clamp((client.x - left) / w), clamp((client.y - top) / h)];
}

/** The box between two corners, in whichever order they were touched. */
export function between([ax, ay]: Point, [bx, by]: Point): Box {
  return [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)].map(clamp) as Box;
}

export function bigEnough([x1, y1, x2, y2]: Box): boolean {
  return x2 - x1 >= SMALLEST && y2 - y1 >= SMALLEST;
}

/** Where somebody who works by keys begins. */
export const FIRST_BOX: Box = [0.35, 0.35, 0.65, 0.65];

export function moved([x1, y1, x2, y2]: Box, dx: number, dy: number): Box {
  const mx = Math.min(1 - x2, Math.max(-x1, dx));
  const my = Math.min(1 - y2, Math.max(-y1, dy));
  return [x1 + mx, y1 + my, x2 + mx, y2 + my];
}

/** The same upper left corner, another size. */
export function resized([x1, y1, x2, y2]: Box, dw: number, dh: number): Box {
  return [x1, y1, clamp(Math.max(x1 + SMALLEST, x2 + dw)), clamp(Math.max(y1 + SMALLEST, y2 + dh))];
}

const ARROWS: Record<string, Point> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Arrows move, with Shift they change the size, with Alt by finer steps; null when the key means nothing here. */
export function byKey(box: Box, key: string, held: { shift: boolean; alt: boolean }): Box | null {
  const way = ARROWS[key];
  if (!way) return null;
  const by = held.alt ? FINE_STEP : KEY_STEP;
  return held.shift ? resized(box, way[0] * by, way[1] * by) : moved(box, way[0] * by, way[1] * by);
}
