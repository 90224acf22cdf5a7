/** What stands on the map: clusters and single cameras as marks with a place, a size, a tone and a name. */

import type { MapAnswer, MapCamera, MapCluster } from "@/api/find";
import { cameraTone, type Tone } from "@/domain/camera";
import { project, type Pixel, type Size, type View } from "./projection";

export interface Mark extends Pixel {
  key: string;
  kind: "cluster" | "camera";
  count: number;
  radius: number; // px
  tone: Tone;
  badShare: number; // of a cluster's cameras, offline or faulty
  lon: number;
  lat: number;
  camera: MapCamera | null;
  cluster: MapCluster | null;
}

const CAMERA_RADIUS = 8;
const SMALLEST_CLUSTER = 14;
const LARGEST_CLUSTER = 30;
// A cluster of fifteen thousand is not a hundred times as wide as one of a hundred and fifty.
const RADIUS_PER_TENFOLD = 6;
// A mark outside by less than this is still partly seen.
const SEEN_BESIDE_PX = 40;

export function clusterRadius(count: number): number {
  return Math.min(LARGEST_CLUSTER, SMALLEST_CLUSTER + RADIUS_PER_TENFOLD * Math.log10(Math.max(1, count)));
}

/** "832", "1.2k", "15k": what fits into a mark. */
export function countText(count: number): string {
  if (count < 1_000) return String(count);
  const thousands = count / 1_000;
  return `${thousands < 10 ? Math.floor(thousands * 10) / 10 : Math.floor(thousands)}k`;
}

export function clusterTone(cluster: MapCluster): Tone {
  const bad = cluster.offline + cluster.faulty;
  if (bad === 0) return "good";
  return cluster.offline * 2 >= cluster.count ? "bad" : "warn";
}

function clusterMark(cluster: MapCluster, at: Pixel): Mark {
  return {
    ...at,
    key: `c${cluster.lon.toFixed(5)},${cluster.lat.toFixed(5)}`,
    kind: "cluster",
    count: cluster.count,
    radius: clusterRadius(cluster.count),
    tone: clusterTone(cluster),
    badShare: Math.min(1, (cluster.offline + cluster.faulty) / Math.max(1, cluster.count)),
    lon: cluster.lon,
    lat: cluster.lat,
    camera: null,
    cluster,
  };
}

function cameraMark(camera: MapCamera, at: Pixel): Mark {
  const seenWell = cameraTone(camera.state);
  const tone = camera.faulty && seenWell === "good" ? "warn" : seenWell;
  return {
    ...at,
    key: camera.id,
    kind: "camera",
    count: 1,
    radius: CAMERA_RADIUS,
    tone,
    badShare: tone === "bad" ? 1 : 0,
    lon: camera.lon,
    lat: camera.lat,
    camera,
    cluster: null,
  };
}

function seen(at: Pixel, size: Size): boolean {
  const beside = SEEN_BESIDE_PX;
  return at.x > -beside && at.y > -beside && at.x < size.width + beside && at.y < size.height + beside;
}

/** The marks that the window shows, larger ones first so that smaller ones lie above them. */
export function marksOf(answer: MapAnswer, view: View, size: Size): Mark[] {
  const marks = [
    ...answer.clusters.map((cluster) => clusterMark(cluster, project(cluster, view, size))),
    ...answer.cameras.map((camera) => cameraMark(camera, project(camera, view, size))),
  ];
  return marks.filter((mark) => seen(mark, size)).sort((a, b) => b.radius - a.radius || a.key.localeCompare(b.key));
}

/** The mark below a pixel, the topmost where several lie there; `slack` px beside it counts as well, for a thumb. */
export function markAt(marks: readonly Mark[], pixel: Pixel, slack = 6): Mark | null {
  const near = marks.filter((mark) => Math.hypot(mark.x - pixel.x, mark.y - pixel.y) <= mark.radius + slack);
  return near.at(-1) ?? null;
}
