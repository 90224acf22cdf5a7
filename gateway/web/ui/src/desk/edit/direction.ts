/** The direction of a zone: an arrow in the picture, of which only the way it points counts. */
import type { ZoneDoc } from "@/api/config";
import type { Point } from "@/api/types";

export const WAYS = ["right", "down_right", "down", "down_left", "left", "up_left", "up", "up_right"] as const;
export type Way = (typeof WAYS)[number];
export type Arrow = [Point, Point];

const HALF = 0.1; // of the arrow's length, in 0-1 of the picture
const SLACK = Math.PI / 16; // what was drawn so near to one of the eight is called by its name
const LEAST_ACROSS = 0.2; // the gateway's own limit for an arrow that runs along its line

function angle([[x1, y1], [x2, y2]]: Arrow): number {
  return Math.atan2(y2 - y1, x2 - x1);
}

/** Name the way that an arrow points; null: one of its own. */
export function wayOf(arrow: Arrow): Way | null {
  const eighth = Math.PI / 4;
  const turned = (angle(arrow) + 2 * Math.PI) % (2 * Math.PI);
  const nearest = Math.round(turned / eighth);
  return Math.abs(turned - nearest * eighth) <= SLACK ? (WAYS[nearest % 8] as Way) : null;
}

function inside(v: number): number {
  return Math.min(1 - HALF, Math.max(HALF, v));
}

/** Draw an arrow that way through the middle of a shape. */
export function arrowOf(way: Way, polygon: readonly Point[]): Arrow {
  const turn = (WAYS.indexOf(way) * Math.PI) / 4;
  const middle = (axis: 0 | 1) => inside((Math.min(...polygon.map((p) => p[axis])) + Math.max(...polygon.map((p) => p[axis]))) / 2);
  const [x, y, dx, dy] = [middle(0), middle(1), HALF * Math.cos(turn), HALF * Math.sin(turn)];
  const round = (v: number) => Math.round(v * 1e4) / 1e4;
  return [[round(x - dx), round(y - dy)], [round(x + dx), round(y + dy)]];
}

/** Say whether an arrow leads over a line rather than along it. */
export function leadsAcross(line: readonly Point[], [[fx, fy], [tx, ty]]: Arrow): boolean {
  const [ax, ay] = line[0] as Point;
  const [bx, by] = line.at(-1) as Point;
  const area = Math.abs((bx - ax) * (ty - fy) - (by - ay) * (tx - fx));
  return area >= LEAST_ACROSS * Math.hypot(bx - ax, by - ay) * Math.hypot(tx - fx, ty - fy) && area > 0;
}

/** Offer the ways that make sense for a zone: over a line, not along it. */
export function waysFor(zone: ZoneDoc): Way[] {
  if (zone.kind !== "line") return [...WAYS];
  return WAYS.filter((way) => leadsAcross(zone.polygon, arrowOf(way, zone.polygon)));
}

/** Give a zone another direction; without one nothing can be counted. */
export function withWay(zone: ZoneDoc, way: Way | null): ZoneDoc {
  const { arrow: _, ...rest } = zone;
  if (way !== null) return { ...rest, arrow: arrowOf(way, zone.polygon) };
  const { count: __, ...plain } = rest;
  return plain;
}
