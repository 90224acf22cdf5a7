/** The perspective ruler: how tall a person stands in the picture, near and far; in between by a straight line. */
import type { CameraDoc, FigureHeight, PerspectiveDoc, RuleDoc } from "@/api/config";
import type { Point } from "@/api/types";
import { rulesOf } from "./draft";
import { cornerAt, toPoint, type Scale } from "./geometry";

export const FIRST_RULER: PerspectiveDoc = { near: { y: 0.9, height: 0.3 }, far: { y: 0.4, height: 0.1 } };
const LEAST_HEIGHT = 0.01;
const LEAST_APART = 0.05;
// A standing person is about a third as wide as tall.
const PERSON_WIDTH = 0.35;
// Half a person behind a car still counts.
const SEEN_SHARE = 0.5;
// Below this many pixels a detector does not find people any more.
export const LEAST_PX = 24;

export type Which = "near" | "far";
export type Grip = { which: Which; part: "foot" | "head" };
export type Places = Record<Which, number>; // where the figures stand from left to right; not kept

export interface RulerDrawing {
  figures: { foot: Point; head: Point; held: boolean }[];
}

/** How tall a person is whose feet are at `y`; 0 above the horizon. */
export function heightAt({ near, far }: PerspectiveDoc, y: number): number {
  const slope = (near.height - far.height) / (near.y - far.y);
  return Math.max(0, far.height + (y - far.y) * slope);
}

/** Keep the near figure lower than the far one and not smaller, and both in the picture. */
export function withFigure(ruler: PerspectiveDoc, which: Which, figure: FigureHeight): PerspectiveDoc {
  const { near, far } = ruler;
  const wanted = toPoint(0, figure.y)[1];
  const y = which === "near" ? Math.max(wanted, far.y + LEAST_APART) : Math.min(wanted, near.y - LEAST_APART);
  const tallest = which === "far" ? Math.min(near.height, y) : y;
  const shortest = which === "near" ? far.height : LEAST_HEIGHT;
  const [, kept] = toPoint(0, y);
  const [, height] = toPoint(0, Math.max(shortest, Math.min(tallest, figure.height)));
  return { ...ruler, [which]: { y: kept, height } };
}

/** Figures near, far and half way, so that they can be judged by eye against people in the picture. */
export function drawing(ruler: PerspectiveDoc, places: Places, held: Which | null): RulerDrawing {
  const between = (ruler.near.y + ruler.far.y) / 2;
  const figure = (x: number, y: number, height: number, isHeld: boolean) => ({
    foot: [x, y] as Point,
    head: [x, y - height] as Point,
    held: isHeld,
  });
  return {
    figures: [
      figure(places.near, ruler.near.y, ruler.near.height, held === "near"),
      figure((places.near + places.far) / 2, between, heightAt(ruler, between), false),
      figure(places.far, ruler.far.y, ruler.far.height, held === "far"),
    ],
  };
}

/** Which end of which figure is under a pointer. */
export function gripAt(ruler: PerspectiveDoc, places: Places, p: Point, scale: Scale, reach: number): Grip | null {
  const grips: Grip[] = [
    { which: "near", part: "head" }, { which: "near", part: "foot" }, { which: "far", part: "head" }, { which: "far", part: "foot" },
  ];
  const points = grips.map(({ which, part }): Point => [places[which], ruler[which].y - (part === "head" ? ruler[which].height : 0)]);
  return grips[cornerAt(points, p, scale, reach)] ?? null;
}

/** Drag a head to make a figure taller, its feet to make it stand elsewhere. */
export function pulled(ruler: PerspectiveDoc, grip: Grip, p: Point): PerspectiveDoc {
  const figure = ruler[grip.which];
  const next = grip.part === "head" ? { y: figure.y, height: figure.y - p[1] } : { y: p[1], height: figure.height };
  return withFigure(ruler, grip.which, next);
}

/** How tall people are in a shape, in 0-1 of the picture, from its far edge to its near one. */
export function heightsIn(ruler: PerspectiveDoc, polygon: readonly Point[]): { least: number; most: number } {
  const heights = polygon.map(([, y]) => heightAt(ruler, y));
  return { least: Math.min(...heights), most: Math.max(...heights) };
}

/** The share of the picture that a person at the far edge of a shape covers, half hidden. */
export function leastArea(ruler: PerspectiveDoc, polygon: readonly Point[], aspect: number): number {
  const { least } = heightsIn(ruler, polygon);
  return Number(((SEEN_SHARE * PERSON_WIDTH * least * least) / aspect).toFixed(5));
}

function forPeople(rule: RuleDoc): boolean {
  return rule.objects?.length === 1 && rule.objects[0] === "person";
}

export function peopleRules(document: CameraDoc, zoneId: string): RuleDoc[] {
  return rulesOf(document).filter((rule) => rule.zone === zoneId && forPeople(rule));
}

/** Let the rules that look for people in a zone take things for people from this size on. */
export function withLeastArea(document: CameraDoc, zoneId: string, area: number): CameraDoc {
  const meant = peopleRules(document, zoneId);
  return { ...document, rules: rulesOf(document).map((rule) => (meant.includes(rule) ? { ...rule, min_area: area } : rule)) };
}
