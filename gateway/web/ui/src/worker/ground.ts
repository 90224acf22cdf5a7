/** Positions on the ground: how far, which way, and a small drawing of a grid without any map from elsewhere. Pure. */

import type { Point } from "@/api/types";

const EARTH_M = 6_371_008.8;
const rad = (deg: number) => (deg * Math.PI) / 180;

/** Metres between two places (lon, lat in degrees), along the great circle. */
export function metresBetween([lon1, lat1]: Point, [lon2, lat2]: Point): number {
  const [dLat, dLon] = [rad(lat2 - lat1), rad(lon2 - lon1)];
  const a = Math.sin(dLat / 2) ** 2 + Math.cos(rad(lat1)) * Math.cos(rad(lat2)) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(a)));
}

/** Which way to go, degrees clockwise from north, 0-360. */
export function bearing([lon1, lat1]: Point, [lon2, lat2]: Point): number {
  const [a, b, dLon] = [rad(lat1), rad(lat2), rad(lon2 - lon1)];
  const y = Math.sin(dLon) * Math.cos(b);
  const x = Math.cos(a) * Math.sin(b) - Math.sin(a) * Math.cos(b) * Math.cos(dLon);
  return ((Math.atan2(y, x) * 180) / Math.PI + 360) % 360;
}

export const COMPASS = ["n", "ne", "e", "se", "s", "sw", "w", "nw"] as const;

export function compass(degrees: number): (typeof COMPASS)[number] {
  return COMPASS[Math.round(degrees / 45) % 8] ?? "n";
}

export interface Drawing {
  width: number;
  height: number;
  at: (place: Point) => Point; // lon, lat to x, y of the drawing
  metres: (px: number) => number;
}

const MARGIN = 0.08;
// One lonely point still needs some ground around it.
const LEAST_SPAN_M = 120;

/** Fit places into a drawing of that size; a degree of longitude is as long as it is at their latitude. */
export function fit(places: readonly Point[], width: number, height: number): Drawing {
  const lons = places.map(([lon]) => lon);
  const lats = places.map(([, lat]) => lat);
  const midLon = (Math.min(...lons) + Math.max(...lons)) / 2;
  const midLat = (Math.min(...lats) + Math.max(...lats)) / 2;
  const perLat = rad(1) * EARTH_M;
  const perLon = perLat * Math.cos(rad(midLat));
  const spanX = Math.max(LEAST_SPAN_M, (Math.max(...lons) - Math.min(...lons)) * perLon);
  const spanY = Math.max(LEAST_SPAN_M, (Math.max(...lats) - Math.min(...lats)) * perLat);
  const scale = Math.min((width * (1 - 2 * MARGIN)) / spanX, (height * (1 - 2 * MARGIN)) / spanY);
  return {
    width,
    height,
    at: ([lon, lat]) => [width / 2 + (lon - midLon) * perLon * scale, height / 2 - (lat - midLat) * perLat * scale],
    metres: (px) => px / scale,
  };
}
