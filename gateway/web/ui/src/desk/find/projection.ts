/**
 * The map's geometry: WGS-84 positions on a Mercator plane, seen through a window of pixels. Pure, without a map
 * library: there are no tiles, only outlines and marks. Zoom 0 shows the earth in 256 px; each step doubles it.
 */

export interface Size {
  width: number;
  height: number;
}

export interface LonLat {
  lon: number;
  lat: number;
}

export interface View extends LonLat {
  zoom: number;
}

export interface Pixel {
  x: number;
  y: number;
}

/** West, south, east, north in degrees. */
export type Bounds = readonly [number, number, number, number];

const WORLD_PX = 256;
// Beyond this the plane goes to infinity.
const MAX_LAT = 85.0511;
const EARTH_M = 40_075_016.686;
export const MIN_ZOOM = 3;
export const MAX_ZOOM = 20;
// A single camera, or cameras all at one gate, should not fill the window with a metre of ground.
const CLOSEST_FIT_ZOOM = 16;

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** A position on the plane whose side is 1; the origin is at the top left. */
export function plane({ lon, lat }: LonLat): Pixel {
  const sin = Math.sin((clamp(lat, -MAX_LAT, MAX_LAT) * Math.PI) / 180);
  return { x: lon / 360 + 0.5, y: 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI) };
}

export function fromPlane({ x, y }: Pixel): LonLat {
  return { lon: (x - 0.5) * 360, lat: (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI };
}

export function scaleOf(zoom: number): number {
  return WORLD_PX * 2 ** zoom;
}

/** Where a position stands in the window. */
export function project(at: LonLat, view: View, size: Size): Pixel {
  const scale = scaleOf(view.zoom);
  const middle = plane(view);
  const point = plane(at);
  return { x: (point.x - middle.x) * scale + size.width / 2, y: (point.y - middle.y) * scale + size.height / 2 };
}

/** The position below a pixel of the window. */
export function unproject(pixel: Pixel, view: View, size: Size): LonLat {
  const scale = scaleOf(view.zoom);
  const middle = plane(view);
  return fromPlane({
    x: middle.x + (pixel.x - size.width / 2) / scale,
    y: middle.y + (pixel.y - size.height / 2) / scale,
  });
}

/** The view after the ground was dragged by so many pixels. */
export function dragged(view: View, dx: number, dy: number): View {
  const scale = scaleOf(view.zoom);
  const middle = plane(view);
  const moved = fromPlane({ x: clamp(middle.x - dx / scale, 0, 1), y: clamp(middle.y - dy / scale, 0, 1) });
  return { ...moved, zoom: view.zoom };
}

/** The view after zooming by so many steps, with the ground below a pixel staying where it is. */
export function zoomed(view: View, steps: number, anchor: Pixel, size: Size): View {
  const zoom = clamp(view.zoom + steps, MIN_ZOOM, MAX_ZOOM);
  const ground = unproject(anchor, view, size);
  const moved = project(ground, { ...view, zoom }, size);
  return dragged({ ...view, zoom }, anchor.x - moved.x, anchor.y - moved.y);
}

/** What the window shows. */
export function boundsOf(view: View, size: Size): Bounds {
  const topLeft = unproject({ x: 0, y: 0 }, view, size);
  const bottomRight = unproject({ x: size.width, y: size.height }, view, size);
  return [
    clamp(topLeft.lon, -180, 180),
    clamp(bottomRight.lat, -90, 90),
    clamp(bottomRight.lon, -180, 180),
    clamp(topLeft.lat, -90, 90),
  ];
}

/** The smallest bounds around these positions, null without any. */
export function around(points: Iterable<readonly [number, number]>): Bounds | null {
  let bounds: [number, number, number, number] | null = null;
  for (const [lon, lat] of points) {
    if (!bounds) bounds = [lon, lat, lon, lat];
    else bounds = [Math.min(bounds[0], lon), Math.min(bounds[1], lat), Math.max(bounds[2], lon), Math.max(bounds[3], lat)];
  }
  return bounds;
}

/** The closest view that shows all of the bounds, with a margin in pixels. */
export function fitted(bounds: Bounds, size: Size, margin = 32): View {
  const [west, south, east, north] = bounds;
  const low = plane({ lon: west, lat: south });
  const high = plane({ lon: east, lat: north });
  const middle = fromPlane({ x: (low.x + high.x) / 2, y: (low.y + high.y) / 2 });
  const wide = Math.max(1, size.width - 2 * margin) / Math.max(high.x - low.x, 1e-12);
  const tall = Math.max(1, size.height - 2 * margin) / Math.max(low.y - high.y, 1e-12);
  return { ...middle, zoom: clamp(Math.log2(Math.min(wide, tall) / WORLD_PX), MIN_ZOOM, CLOSEST_FIT_ZOOM) };
}

/** True when two bounds touch: what does not need not be drawn. */
export function meet(a: Bounds, b: Bounds): boolean {
  return a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3];
}

/** Metres on the ground per pixel at the middle of the window. */
export function metresPerPixel(view: View): number {
  return (EARTH_M * Math.cos((view.lat * Math.PI) / 180)) / scaleOf(view.zoom);
}

/** A round length of the ground (1, 2 or 5 times a power of ten) and its length on the screen, at most `widest` px. */
export function scaleBar(view: View, widest = 110): { metres: number; px: number } {
  const perPixel = metresPerPixel(view);
  const most = perPixel * widest;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = ([5, 2, 1].find((step) => step * power <= most) ?? 1) * power;
  return { metres, px: metres / perPixel };
}

/** Bounds as the map is asked for, a little more than the window, on whole steps so that small drags ask nothing new. */
export function askedBounds(view: View, size: Size): Bounds {
  const [west, south, east, north] = boundsOf(view, size);
  const step = 90 / 2 ** Math.floor(view.zoom);
  const down = (value: number) => Math.floor(value / step) * step;
  const up = (value: number) => Math.ceil(value / step) * step;
  return [
    Math.max(-180, down(west)),
    Math.max(-90, down(south)),
    Math.min(180, up(east)),
    Math.min(90, up(north)),
  ];
}
