import { describe, expect, it } from "vitest";
import type { CameraDoc } from "@/api/config";
import type { Point } from "@/api/types";
import {
  area, contains, cornerAt, crossing, footOf, hitShape, inserted, nearestEdge, shapeFault, shifted, snap, starter, toPoint, without,
} from "@/desk/edit/geometry";
import { countHits, dayHits, within } from "@/desk/edit/hits";
import { nudgeOf, percent } from "@/desk/edit/nudge";
import { drawing, gripAt, heightAt, heightsIn, leastArea, pulled, withFigure, withLeastArea } from "@/desk/edit/ruler";
import { fitted, following, panned, WHOLE, zoomed } from "@/desk/edit/view";
import { makeEntry } from "../make";

const SQUARE: Point[] = [[0.2, 0.2], [0.6, 0.2], [0.6, 0.6], [0.2, 0.6]];
const BOW: Point[] = [[0.2, 0.2], [0.6, 0.6], [0.6, 0.2], [0.2, 0.6]];
const PX = { x: 1_000, y: 500 };

describe("shapes", () => {
  it("refuses what the gateway's own reader refuses", () => {
    expect(shapeFault(SQUARE.slice(0, 2), "area")).toBe("few_points");
    expect(shapeFault([[0.1, 0.1]], "line")).toBe("few_points");
    expect(shapeFault([[0.1, 0.1], [0.105, 0.1], [0.1, 0.105]], "area")).toBe("no_area");
    expect(shapeFault(BOW, "privacy_mask")).not.toBeNull();
  });

  it("takes sound areas, and lines that cross themselves", () => {
    expect(shapeFault(SQUARE, "ignore")).toBeNull();
    expect(shapeFault(BOW, "line")).toBeNull();
  });

  it("names the two edges that cross", () => {
    const star: Point[] = [[0.1, 0.1], [0.9, 0.1], [0.4, 0.8], [0.6, 0.05]];
    expect(crossing(SQUARE)).toBeNull();
    expect(crossing(star)).toEqual([0, 2]);
    expect(shapeFault(star, "area")).toBe("crossing");
  });

  it("measures area whichever way round it was drawn", () => {
    expect(area(SQUARE)).toBeCloseTo(0.16);
    expect(area([...SQUARE].reverse())).toBeCloseTo(0.16);
  });

  it("keeps points in the picture and to a tenth of a thousandth", () => {
    expect(toPoint(-0.2, 1.7)).toEqual([0, 1]);
    expect(toPoint(0.123456, 0.5)).toEqual([0.1235, 0.5]);
  });

  it("judges by the foot of a box, pulled back from the picture's edge as the gateway does", () => {
    expect(footOf([0.1, 0.1, 0.3, 0.5])).toEqual([0.2, 0.5]);
    expect(footOf([0, 0.5, 0.02, 1])).toEqual([0.03, 0.97]);
    expect(contains(SQUARE, footOf([0.3, 0.1, 0.4, 0.5]))).toBe(true);
    expect(contains(SQUARE, [0.7, 0.5])).toBe(false);
  });
});

describe("under a pointer", () => {
  it("takes the nearest corner in reach, and reaches further for a finger", () => {
    expect(cornerAt(SQUARE, [0.215, 0.2], PX, 10)).toBe(-1);
    expect(cornerAt(SQUARE, [0.215, 0.2], PX, 24)).toBe(0);
    expect(cornerAt([[0.2, 0.2], [0.21, 0.2]], [0.208, 0.2], PX, 24)).toBe(1);
  });

  it("finds corner before edge before inside", () => {
    const shape = { points: SQUARE, kind: "area" as const };
    expect(hitShape(shape, [0.2, 0.2], PX, 10)).toEqual({ on: "corner", index: 0 });
    expect(hitShape(shape, [0.4, 0.205], PX, 10)).toEqual({ on: "edge", index: 0, at: [0.4, 0.2] });
    expect(hitShape(shape, [0.4, 0.4], PX, 10)).toEqual({ on: "inside" });
    expect(hitShape(shape, [0.9, 0.9], PX, 10)).toBeNull();
  });

  it("knows that a line neither closes nor has an inside", () => {
    const line: Point[] = [[0.2, 0.2], [0.6, 0.2], [0.6, 0.6]];
    expect(nearestEdge(line, [0.4, 0.4], PX, true)?.index).not.toBe(2);
    expect(hitShape({ points: line, kind: "line" }, [0.4, 0.41], PX, 10)).toBeNull();
  });

  it("puts corners in and takes them out", () => {
    expect(inserted(SQUARE, 3, [0.2, 0.4])).toEqual([...SQUARE, [0.2, 0.4]]);
    expect(without(SQUARE, 1)).toHaveLength(3);
  });

  it("moves a whole shape without bending it at the picture's edge", () => {
    const moved = shifted(SQUARE, 0.9, -0.1);
    expect(moved[1]).toEqual([1, 0.1]);
    expect(area(moved)).toBeCloseTo(area(SQUARE));
  });

  it("sticks to other corners first, then to edges and levels", () => {
    expect(snap([0.602, 0.202], SQUARE, [], PX, 10).point).toEqual([0.6, 0.2]);
    expect(snap([0.004, 0.5], [], [], PX, 10)).toEqual({ point: [0, 0.5], guideX: 0, guideY: null });
    expect(snap([0.5, 0.305], [], [[0.1, 0.3]], PX, 10).point).toEqual([0.5, 0.3]);
    expect(snap([0.5, 0.33], [], [[0.1, 0.3]], PX, 10).point).toEqual([0.5, 0.33]);
  });

  it("offers shapes to begin with that are sound", () => {
    for (const kind of ["area", "line", "privacy_mask", "ignore"] as const) {
      expect(shapeFault(starter(kind, [0.9, 0.9], 0.3), kind)).toBeNull();
    }
  });
});

describe("keys", () => {
  it("moves by 0.2 % and by 1 % with Shift", () => {
    expect(nudgeOf("ArrowLeft", false)).toEqual([-0.002, 0]);
    expect(nudgeOf("ArrowDown", true)).toEqual([0, 0.01]);
    expect(nudgeOf("x", false)).toBeNull();
    expect(percent(0.3421)).toBe("34.2 %");
  });
});

describe("zoom", () => {
  it("keeps the point under the pointer where it is", () => {
    const view = zoomed(WHOLE, 2, [0.25, 0.75]);
    expect((0.25 - view.x) * view.zoom).toBeCloseTo(0.25);
    expect((0.75 - view.y) * view.zoom).toBeCloseTo(0.75);
  });

  it("never shows what lies beside the picture", () => {
    expect(panned({ zoom: 2, x: 0.4, y: 0.4 }, 1, -1)).toEqual({ zoom: 2, x: 0.5, y: 0 });
    expect(zoomed({ zoom: 4, x: 0.7, y: 0.7 }, 0.1, [0.9, 0.9])).toEqual(WHOLE);
  });

  it("shows a small zone large, and follows a corner that keys move out of sight", () => {
    const view = fitted([[0.4, 0.4], [0.45, 0.4], [0.45, 0.44]]);
    expect(view.zoom).toBe(8);
    expect(following({ zoom: 4, x: 0, y: 0 }, [0.5, 0.1]).x).toBeGreaterThan(0.2);
  });
});

describe("the last day", () => {
  const now = Date.parse("2026-05-02T00:00:00Z");

  it("leaves out what is older, faults of the camera, and what came twice", () => {
    const entries = [
      makeEntry("a"),
      makeEntry("a"),
      makeEntry("b", { raised_at: "2026-04-30T08:00:00Z" }),
      makeEntry("c", { event_type: "camera_fault.moved" }),
      makeEntry("d", { boxes: [] }),
    ];
    expect(dayHits(entries, now).map((hit) => hit.id)).toEqual(["ev-a"]);
  });

  it("counts by verdict what stands in a shape", () => {
    const inside = makeEntry("a", { boxes: [[0.3, 0.3, 0.4, 0.5]] });
    const outside = makeEntry("b", { boxes: [[0.8, 0.8, 0.9, 0.9]] });
    inside.item.verdict = "rejected";
    const hits = within(dayHits([inside, outside], now), SQUARE);
    expect(countHits(hits)).toEqual({ total: 2, inside: 1, confirmed: 0, rejected: 1 });
    expect(countHits(within(hits, null)).inside).toBe(2);
  });
});

describe("the perspective ruler", () => {
  const ruler = { near: { y: 0.9, height: 0.3 }, far: { y: 0.4, height: 0.1 } };
  const places = { near: 0.3, far: 0.6 };

  it("gives a height for every distance, none above the horizon", () => {
    expect(heightAt(ruler, 0.65)).toBeCloseTo(0.2);
    expect(heightAt(ruler, 0.1)).toBe(0);
    expect(heightsIn(ruler, [[0, 0.4], [1, 0.4], [1, 0.9]])).toEqual({ least: 0.1, most: 0.3 });
  });

  it("keeps near lower than far and not smaller, and both in the picture", () => {
    expect(withFigure(ruler, "near", { y: 0.1, height: 0.3 }).near.y).toBeCloseTo(0.45);
    expect(withFigure(ruler, "near", { y: 0.9, height: 0.01 }).near.height).toBe(0.1);
    expect(withFigure(ruler, "far", { y: 0.2, height: 0.9 }).far).toEqual({ y: 0.2, height: 0.2 });
  });

  it("is dragged by heads and feet", () => {
    const grip = gripAt(ruler, places, [0.305, 0.6], PX, 10);
    expect(grip).toEqual({ which: "near", part: "head" });
    expect(pulled(ruler, grip!, [0.3, 0.5]).near).toEqual({ y: 0.9, height: 0.4 });
    expect(pulled(ruler, { which: "far", part: "foot" }, [0.6, 0.5]).far).toEqual({ y: 0.5, height: 0.1 });
    expect(gripAt(ruler, places, [0.9, 0.1], PX, 10)).toBeNull();
    expect(drawing(ruler, places, "near").figures.map((figure) => figure.held)).toEqual([true, false, false]);
  });

  it("sets the smallest size of rules for people in a zone, of no others", () => {
    const area = leastArea(ruler, [[0, 0.4], [1, 0.4], [1, 0.9]], 16 / 9);
    expect(area).toBeCloseTo(0.00098, 5);
    const rules = [
      { id: "a", type: "zone_intrusion", zone: "z", objects: ["person" as const] },
      { id: "b", type: "fire_lane_blocked", zone: "z", objects: ["vehicle" as const] },
      { id: "c", type: "crowding", zone: "other", objects: ["person" as const] },
    ];
    const changed = withLeastArea({ rules } as unknown as CameraDoc, "z", area).rules;
    expect(changed?.map((rule) => rule.min_area)).toEqual([area, undefined, undefined]);
  });
});
