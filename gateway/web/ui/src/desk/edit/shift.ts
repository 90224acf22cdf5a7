/** What the camera shows against the pictures that zones were drawn on. */
import type { CameraDoc, Offset, PresetDoc } from "@/api/config";
import { isIn, kindOf, zonesOf } from "./draft";
import { carried } from "./geometry";

export interface Carried {
  document: CameraDoc;
  lost: string[]; // names of zones that would have left the picture: they stay where they are
}

/** Move the zones of one view with the picture. What counts in every view stays: it was drawn on another picture. */
export function carriedAlong(document: CameraDoc, preset: string | null, right: number, down: number): Carried {
  const lost: string[] = [];
  const zones = zonesOf(document).map((zone) => {
    if ((zone.preset ?? null) !== preset) return zone;
    const polygon = carried(zone.polygon, right, down, kindOf(zone));
    if (polygon) return { ...zone, polygon };
    lost.push(zone.name);
    return zone;
  });
  return { document: { ...document, zones }, lost };
}

const RANK: Record<Offset["lies"], number> = { in_place: 3, aside: 2, unclear: 1, elsewhere: 0 };

/** Of several pictures of one view (by day, by night) the one that fits best tells where the camera looks. */
export function bestOf(offsets: readonly Offset[]): Offset | null {
  const better = (a: Offset, b: Offset) => RANK[b.lies] - RANK[a.lies] || b.likeness - a.likeness;
  return [...offsets].sort(better)[0] ?? null;
}

/** The preset that the camera shows now, "" for none. */
export function presetSeen(presets: readonly PresetDoc[], offsets: ReadonlyMap<string, Offset>): string {
  const found = presets.flatMap((preset) => {
    const offset = bestOf((preset.references ?? []).flatMap((id) => offsets.get(id) ?? []));
    return offset && (offset.lies === "in_place" || offset.lies === "aside") ? [{ id: preset.id, offset }] : [];
  });
  return found.sort((a, b) => b.offset.likeness - a.offset.likeness)[0]?.id ?? "";
}

/** Which way an arrow points, degrees from upwards, clockwise, in a picture of that size. */
export function bearing({ right, down }: Offset, width: number, height: number): number {
  return (Math.atan2(right * width, -down * height) * 180) / Math.PI;
}

export function zonesShown(document: CameraDoc, preset: string | null): number {
  return zonesOf(document).filter((zone) => isIn(zone, preset)).length;
}
