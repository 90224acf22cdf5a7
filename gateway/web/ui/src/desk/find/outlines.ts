/** Outlines of grids on a canvas: only those in the window, names only where there is room for them. */

import type { Grid } from "@/api/types";
import { around, boundsOf, meet, project, type Bounds, type Pixel, type Size, type View } from "./projection";

export interface Outline {
  id: string;
  name: string;
  points: readonly (readonly [number, number])[];
  bounds: Bounds;
}

export interface Colours {
  line: string;
  fill: string;
  chosen: string;
  text: string;
  halo: string;
  font: string;
}

const NAME_ROOM_PX = 12;

export function outlinesOf(grids: readonly Grid[]): Outline[] {
  return grids.flatMap((grid) => {
    const bounds = around(grid.polygon);
    return bounds ? [{ id: grid.id, name: grid.name, points: grid.polygon, bounds }] : [];
  });
}

/** The bounds of everything there is to see, null when nothing has a place. */
export function wholeBounds(outlines: readonly Outline[], points: Iterable<readonly [number, number]>): Bounds | null {
  const corners = outlines.flatMap(({ bounds: [west, south, east, north] }) => [[west, south], [east, north]] as const);
  return around([...corners, ...points]);
}

function trace(ctx: CanvasRenderingContext2D, points: readonly Pixel[]): void {
  ctx.beginPath();
  for (const [n, point] of points.entries()) {
    if (n === 0) ctx.moveTo(point.x, point.y);
    else ctx.lineTo(point.x, point.y);
  }
  ctx.closePath();
}

function nameAt(ctx: CanvasRenderingContext2D, outline: Outline, view: View, size: Size): Pixel | null {
  const [west, south, east, north] = outline.bounds;
  const low = project({ lon: west, lat: south }, view, size);
  const high = project({ lon: east, lat: north }, view, size);
  const room = Math.min(high.x - low.x, size.width) - NAME_ROOM_PX;
  if (ctx.measureText(outline.name).width > room || low.y - high.y < 2 * NAME_ROOM_PX) return null;
  return { x: (low.x + high.x) / 2, y: (low.y + high.y) / 2 };
}

export function drawOutlines(
  ctx: CanvasRenderingContext2D,
  outlines: readonly Outline[],
  chosen: string,
  view: View,
  size: Size,
  colours: Colours,
): void {
  const window = boundsOf(view, size);
  const shown = outlines.filter((outline) => meet(outline.bounds, window));
  ctx.clearRect(0, 0, size.width, size.height);
  ctx.lineJoin = "round";
  for (const outline of shown) {
    trace(ctx, outline.points.map(([lon, lat]) => project({ lon, lat }, view, size)));
    ctx.fillStyle = outline.id === chosen ? colours.chosen : colours.fill;
    ctx.fill();
    ctx.strokeStyle = colours.line;
    ctx.lineWidth = outline.id === chosen ? 2.5 : 1;
    ctx.stroke();
  }
  drawNames(ctx, shown, view, size, colours);
}

function drawNames(ctx: CanvasRenderingContext2D, shown: readonly Outline[], view: View, size: Size, colours: Colours): void {
  ctx.font = colours.font;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineWidth = 3;
  for (const outline of shown) {
    const at = nameAt(ctx, outline, view, size);
    if (!at) continue;
    ctx.strokeStyle = colours.halo;
    ctx.strokeText(outline.name, at.x, at.y);
    ctx.fillStyle = colours.text;
    ctx.fillText(outline.name, at.x, at.y);
  }
}
