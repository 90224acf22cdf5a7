/** Shapes over a picture: points are 0-1 of it, origin top left. The checks are those of the gateway's own reader. */
import type { ZoneKind } from "@/api/config";
import type { Box, Point } from "@/api/types";

// As the gateway: a smaller zone is a slip of the hand.
export const MIN_AREA = 1e-4;
const DECIMALS = 10_000;
// Where a box that ends at the picture's edge is taken to stand; the gateway's own margin.
const EDGE_MARGIN = 0.03;

export type ShapeFault = "few_points" | "no_area" | "crossing";

/** What one 0-1 unit measures on the screen; distances are judged there, where fingers are. */
export interface Scale {
  x: number; // px
  y: number;
}

const bound = (v: number): number => Math.min(1, Math.max(0, v));
const round = (v: number): number => Math.round(v * DECIMALS) / DECIMALS;

/** Put a point into the picture, to a tenth of a thousandth. */
export function toPoint(x: number, y: number): Point {
  return [round(bound(x)), round(bound(y))];
}

export function area(points: readonly Point[]): number {
  let total = 0;
  points.forEach(([x1, y1], i) => {
    const [x2, y2] = points[(i + 1) % points.length] as Point;
    total += x1 * y2 - x2 * y1;
  });
  return Math.abs(total) / 2;
}

function side(a: Point, b: Point, p: Point): number {
  return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
}

function cross(a: Point, b: Point, c: Point, d: Point): boolean {
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

/** Return the first two edges that cross, as indexes of their first points; null for a sound polygon. */
export function crossing(points: readonly Point[]): [number, number] | null {
  const n = points.length;
  const edge = (i: number): [Point, Point] => [points[i] as Point, points[(i + 1) % n] as Point];
  for (let i = 0; i < n; i += 1) {
    for (let j = i + 2; j < n; j += 1) {
      if (i === 0 && j === n - 1) continue;
      if (cross(...edge(i), ...edge(j))) return [i, j];
    }
  }
  return null;
}

/** Say why nothing could be seen in a shape; null when it is sound. */
export function shapeFault(points: readonly Point[], kind: ZoneKind): ShapeFault | null {
  if (kind === "line") return points.length < 2 ? "few_points" : null;
  if (points.length < 3) return "few_points";
  if (area(points) < MIN_AREA) return "no_area";
  return crossing(points) ? "crossing" : null;
}

export function leastPoints(kind: ZoneKind): number {
  return kind === "line" ? 2 : 3;
}

export function contains(points: readonly Point[], [x, y]: Point): boolean {
  let inside = false;
  points.forEach(([x1, y1], i) => {
    const [x2, y2] = points[(i + 1) % points.length] as Point;
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) * (x2 - x1)) / (y2 - y1)) inside = !inside;
  });
  return inside;
}

/** Where the thing in a box stands, as the gateway judges it: bottom centre, a little inside the picture. */
export function footOf([x1, , x2, y2]: Box): Point {
  const inset = (v: number) => Math.min(1 - EDGE_MARGIN, Math.max(EDGE_MARGIN, v));
  return [inset((x1 + x2) / 2), inset(y2)];
}

export function centre(points: readonly Point[]): Point {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2];
}

function apart(a: Point, b: Point, scale: Scale): number {
  return Math.hypot((a[0] - b[0]) * scale.x, (a[1] - b[1]) * scale.y);
}

export interface OnEdge {
  index: number; // the edge from this point to the next
  at: Point;
  distance: number; // px
}

function nearestOn(a: Point, b: Point, p: Point, scale: Scale): { at: Point; distance: number } {
  const [dx, dy] = [(b[0] - a[0]) * scale.x, (b[1] - a[1]) * scale.y];
  const length = dx * dx + dy * dy;
  const along = ((p[0] - a[0]) * scale.x * dx + (p[1] - a[1]) * scale.y * dy) / (length || 1);
  const t = Math.min(1, Math.max(0, along));
  const at: Point = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
  return { at, distance: apart(at, p, scale) };
}

/** Return the edge nearest to a point. A line has no edge from its last point back to its first. */
export function nearestEdge(points: readonly Point[], p: Point, scale: Scale, open = false): OnEdge | null {
  let best: OnEdge | null = null;
  for (let index = 0; index < points.length - (open ? 1 : 0); index += 1) {
    const found = nearestOn(points[index] as Point, points[(index + 1) % points.length] as Point, p, scale);
    if (!best || found.distance < best.distance) best = { index, ...found };
  }
  return best;
}

/** Return which corner lies under a finger or pointer, the nearest within `reach` px; -1 for none. */
export function cornerAt(points: readonly Point[], p: Point, scale: Scale, reach: number): number {
  let best = -1;
  let least = reach;
  points.forEach((point, index) => {
    const distance = apart(point, p, scale);
    if (distance <= least) [best, least] = [index, distance];
  });
  return best;
}

export type Hit = { on: "corner"; index: number } | { on: "edge"; index: number; at: Point } | { on: "inside" };

/** Say what of a shape lies under a pointer: corners before edges before the inside. */
export function hitShape(
  shape: { points: readonly Point[]; kind: ZoneKind },
  p: Point,
  scale: Scale,
  reach: number,
): Hit | null {
  const corner = cornerAt(shape.points, p, scale, reach);
  if (corner >= 0) return { on: "corner", index: corner };
  const open = shape.kind === "line";
  const edge = nearestEdge(shape.points, p, scale, open);
  if (edge && edge.distance <= reach / 2) return { on: "edge", index: edge.index, at: edge.at };
  return !open && contains(shape.points, p) ? { on: "inside" } : null;
}

export function withCorner(points: readonly Point[], index: number, p: Point): Point[] {
  return points.map((old, i) => (i === index ? toPoint(...p) : old));
}

/** Put a new corner into the edge that begins at `index`. */
export function inserted(points: readonly Point[], index: number, p: Point): Point[] {
  return [...points.slice(0, index + 1), toPoint(...p), ...points.slice(index + 1)];
}

export function without(points: readonly Point[], index: number): Point[] {
  return points.filter((_, i) => i !== index);
}

/** Move a whole shape without bending it: it stops at the picture's edge. */
export function shifted(points: readonly Point[], dx: number, dy: number): Point[] {
  const keep = (values: number[], d: number) => Math.min(1 - Math.max(...values), Math.max(-Math.min(...values), d));
  const byX = keep(points.map(([x]) => x), dx);
  const byY = keep(points.map(([, y]) => y), dy);
  return points.map(([x, y]) => toPoint(x + byX, y + byY));
}

function cut(points: readonly Point[], axis: 0 | 1, limit: number, sign: 1 | -1): Point[] {
  const within = (p: Point) => (p[axis] - limit) * sign >= 0;
  return points.flatMap((a, i) => {
    const b = points[(i + 1) % points.length] as Point;
    const kept: Point[] = within(a) ? [a] : [];
    if (within(a) === within(b)) return kept;
    const t = (limit - a[axis]) / (b[axis] - a[axis]);
    return [...kept, [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])] as Point];
  });
}

/** Move a shape with the picture: what leaves it is cut off; null where nothing of it is left. */
export function carried(points: readonly Point[], dx: number, dy: number, kind: ZoneKind): Point[] | null {
  const moved = points.map(([x, y]): Point => [x + dx, y + dy]);
  if (kind === "line") return moved.every(([x, y]) => x >= 0 && x <= 1 && y >= 0 && y <= 1) ? moved.map((p) => toPoint(...p)) : null;
  const left = cut(cut(moved, 0, 0, 1), 0, 1, -1);
  const shape = cut(cut(left, 1, 0, 1), 1, 1, -1).map((p) => toPoint(...p));
  return shapeFault(shape, kind) === null ? shape : null;
}

/** A shape to begin with: a rectangle or a line in the middle of what is seen, for keyboards and short taps. */
export function starter(kind: ZoneKind, around: Point = [0.5, 0.5], size = 0.3): Point[] {
  const h = size / 2;
  const flat: Point[] = [[around[0] - h, around[1]], [around[0] + h, around[1]]];
  const [x, y] = around;
  const corners: Point[] = [[x - h, y - h], [x + h, y - h], [x + h, y + h], [x - h, y + h]];
  return (kind === "line" ? flat : corners).map(([px, py]) => toPoint(px, py));
}

export interface Snapped {
  point: Point;
  guideX: number | null; // the upright line that it sticks to
  guideY: number | null;
}

function stick(value: number, marks: readonly number[], reach: number): number | null {
  let best: number | null = null;
  for (const mark of marks) {
    if (Math.abs(mark - value) <= (best === null ? reach : Math.abs(best - value))) best = mark;
  }
  return best;
}

/** Let a point stick to corners of other shapes, to the picture's edges, and level with this shape's other corners. */
export function snap(p: Point, others: readonly Point[], own: readonly Point[], scale: Scale, reach: number): Snapped {
  const corner = cornerAt(others, p, scale, reach);
  if (corner >= 0) return { point: others[corner] as Point, guideX: null, guideY: null };
  const guideX = stick(p[0], [0, 1, ...own.map(([x]) => x)], reach / 2 / scale.x);
  const guideY = stick(p[1], [0, 1, ...own.map(([, y]) => y)], reach / 2 / scale.y);
  return { point: toPoint(guideX ?? p[0], guideY ?? p[1]), guideX, guideY };
}
