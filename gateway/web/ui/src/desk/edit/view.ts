/** What part of the picture is seen: zoom for zones that are small. */
import type { Point } from "@/api/types";

export interface View {
  zoom: number; // 1: all of it
  x: number; // left and top edge, 0-1 of the picture
  y: number;
}

export const WHOLE: View = { zoom: 1, x: 0, y: 0 };
export const MOST_ZOOM = 8;

function placed(zoom: number, x: number, y: number): View {
  const room = 1 - 1 / zoom;
  const within = (v: number) => Math.min(room, Math.max(0, v));
  return { zoom, x: within(x), y: within(y) };
}

/** Zoom in or out so that the point stays where it is on the screen. */
export function zoomed(view: View, by: number, at: Point): View {
  const zoom = Math.min(MOST_ZOOM, Math.max(1, view.zoom * by));
  const keep = (edge: number, point: number) => point - ((point - edge) * view.zoom) / zoom;
  return placed(zoom, keep(view.x, at[0]), keep(view.y, at[1]));
}

/** Move by a share of the picture. */
export function panned(view: View, dx: number, dy: number): View {
  return placed(view.zoom, view.x + dx, view.y + dy);
}

/** Show these points large, with some room around. */
export function fitted(points: readonly Point[]): View {
  if (points.length === 0) return WHOLE;
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const span = Math.max(Math.max(...xs) - left, Math.max(...ys) - top, 0.02);
  const zoom = Math.min(MOST_ZOOM, Math.max(1, 0.6 / span));
  const half = 0.5 / zoom;
  return placed(zoom, (left + Math.max(...xs)) / 2 - half, (top + Math.max(...ys)) / 2 - half);
}

/** Keep a point in sight that was moved out by keys. */
export function following(view: View, [x, y]: Point): View {
  const span = 1 / view.zoom;
  const pull = (edge: number, v: number) => (v < edge ? v - span * 0.1 : v > edge + span ? v - span * 0.9 : edge);
  return placed(view.zoom, pull(view.x, x), pull(view.y, y));
}
