import { describe, expect, it } from "vitest";
import type { MapAnswer } from "@/api/find";
import { clusterRadius, clusterTone, countText, markAt, marksOf } from "@/desk/find/marks";
import { outlinesOf, wholeBounds } from "@/desk/find/outlines";
import {
  around, askedBounds, boundsOf, dragged, fitted, fromPlane, MAX_ZOOM, meet, metresPerPixel, MIN_ZOOM, plane, project,
  scaleBar, unproject, zoomed, type View,
} from "@/desk/find/projection";

const SIZE = { width: 800, height: 600 };
const ZHANGYE: View = { lon: 100.45, lat: 38.93, zoom: 13 };

describe("the plane", () => {
  it("has its origin at the north west and its middle at 0, 0", () => {
    expect(plane({ lon: 0, lat: 0 })).toEqual({ x: 0.5, y: 0.5 });
    expect(plane({ lon: -180, lat: 85.0511 }).x).toBe(0);
    expect(plane({ lon: 0, lat: 85.0511 }).y).toBeCloseTo(0, 5);
  });

  it("goes there and back", () => {
    for (const at of [{ lon: 100.45, lat: 38.93 }, { lon: -73.9, lat: -41.2 }, { lon: 179.9, lat: 80 }]) {
      const back = fromPlane(plane(at));
      expect(back.lon).toBeCloseTo(at.lon, 9);
      expect(back.lat).toBeCloseTo(at.lat, 9);
    }
  });

  it("does not go to infinity at the poles", () => {
    expect(Number.isFinite(plane({ lon: 0, lat: 90 }).y)).toBe(true);
  });
});

describe("a view", () => {
  it("shows its own position in the middle of the window", () => {
    expect(project(ZHANGYE, ZHANGYE, SIZE)).toEqual({ x: 400, y: 300 });
  });

  it("knows the ground below a pixel", () => {
    const at = unproject({ x: 10, y: 590 }, ZHANGYE, SIZE);
    const back = project(at, ZHANGYE, SIZE);
    expect([back.x, back.y]).toEqual([expect.closeTo(10, 4), expect.closeTo(590, 4)]);
  });

  it("follows the hand that drags it", () => {
    const point = { lon: 100.46, lat: 38.94 };
    const before = project(point, ZHANGYE, SIZE);
    const after = project(point, dragged(ZHANGYE, 30, -20), SIZE);
    expect([after.x - before.x, after.y - before.y]).toEqual([expect.closeTo(30, 4), expect.closeTo(-20, 4)]);
  });

  it("zooms about the pixel that is pointed at", () => {
    const anchor = { x: 123, y: 456 };
    const ground = unproject(anchor, ZHANGYE, SIZE);
    const closer = zoomed(ZHANGYE, 1.5, anchor, SIZE);
    const now = project(ground, closer, SIZE);
    expect(closer.zoom).toBe(14.5);
    expect([now.x, now.y]).toEqual([expect.closeTo(123, 4), expect.closeTo(456, 4)]);
  });

  it("ends where there is nothing more to see", () => {
    expect(zoomed(ZHANGYE, 99, { x: 0, y: 0 }, SIZE).zoom).toBe(MAX_ZOOM);
    expect(zoomed(ZHANGYE, -99, { x: 0, y: 0 }, SIZE).zoom).toBe(MIN_ZOOM);
  });

  it("fits what it is to show, with a margin", () => {
    const bounds = [100.4, 38.9, 100.5, 38.96] as const;
    const view = fitted(bounds, SIZE, 20);
    const shown = boundsOf(view, SIZE);
    expect(shown[0]).toBeLessThan(100.4);
    expect(shown[1]).toBeLessThan(38.9);
    expect(shown[2]).toBeGreaterThan(100.5);
    expect(shown[3]).toBeGreaterThan(38.96);
    expect(project({ lon: 100.45, lat: 38.96 }, view, SIZE).y).toBeCloseTo(20, 4);
  });

  it("does not fall onto a single camera", () => {
    expect(fitted([100.4, 38.9, 100.4, 38.9], SIZE).zoom).toBe(16);
  });
});

describe("bounds", () => {
  it("are of all points, none of none", () => {
    expect(around([[3, 4], [1, 9], [2, -1]])).toEqual([1, -1, 3, 9]);
    expect(around([])).toBeNull();
  });

  it("meet where they touch", () => {
    expect(meet([0, 0, 1, 1], [1, 1, 2, 2])).toBe(true);
    expect(meet([0, 0, 1, 1], [1.1, 0, 2, 1])).toBe(false);
  });

  it("asked for hold the window and stay the same for small drags", () => {
    const asked = askedBounds(ZHANGYE, SIZE);
    const shown = boundsOf(ZHANGYE, SIZE);
    expect(asked[0] <= shown[0] && asked[1] <= shown[1] && asked[2] >= shown[2] && asked[3] >= shown[3]).toBe(true);
    expect(askedBounds(dragged(ZHANGYE, 1, 1), SIZE)).toEqual(asked);
  });

  it("of everything hold outlines and pins", () => {
    const grid = { id: "g", code: "1", name: "G", kind: "base", region_code: "1", polygon: [[1, 1], [2, 1], [2, 2]] as [number, number][] };
    const outlines = outlinesOf([grid, { ...grid, id: "bare", polygon: [] }]);
    expect(outlines).toHaveLength(1);
    expect(wholeBounds(outlines, [[5, 0]])).toEqual([1, 0, 5, 2]);
    expect(wholeBounds([], [])).toBeNull();
  });
});

describe("the scale", () => {
  it("is a round length that fits", () => {
    for (const zoom of [4, 9.3, 13, 17.7, 20]) {
      const { metres, px } = scaleBar({ ...ZHANGYE, zoom }, 110);
      expect(String(metres)).toMatch(/^(0\.)?0*[125]0*$/);
      expect(px).toBeLessThanOrEqual(110);
      expect(px).toBeGreaterThan(40);
    }
  });

  it("is a metre on the ground", () => {
    // One degree of longitude on the equator is 111.3 km.
    const view: View = { lon: 0, lat: 0, zoom: 10 };
    const px = project({ lon: 1, lat: 0 }, view, SIZE).x - 400;
    expect(px * metresPerPixel(view)).toBeCloseTo(111_319, -1);
  });
});

describe("marks", () => {
  const answer: MapAnswer = {
    clusters: [{ lon: 100.45, lat: 38.93, count: 120, offline: 3, faulty: 2 }, { lon: 10, lat: 0, count: 5, offline: 0, faulty: 0 }],
    cameras: [{ id: "cam1", name: "East", lon: 100.451, lat: 38.931, state: "offline", faulty: false }],
  };

  it("are those in the window, large ones below small ones", () => {
    const marks = marksOf(answer, ZHANGYE, SIZE);
    expect(marks.map((mark) => mark.kind)).toEqual(["cluster", "camera"]);
    expect(marks[1]).toMatchObject({ key: "cam1", tone: "bad", badShare: 1 });
    expect(marks[0]?.badShare).toBeCloseTo(5 / 120);
  });

  it("say by their tone how a cluster is", () => {
    const of = (offline: number, faulty: number) => clusterTone({ lon: 0, lat: 0, count: 10, offline, faulty });
    expect([of(0, 0), of(1, 0), of(0, 4), of(5, 0)]).toEqual(["good", "warn", "warn", "bad"]);
  });

  it("grow with the count, but not without end", () => {
    expect(clusterRadius(2)).toBeGreaterThan(clusterRadius(1));
    expect(clusterRadius(15_000)).toBeLessThanOrEqual(38);
    expect(clusterRadius(1e9)).toBe(clusterRadius(1e12));
  });

  it("round counts down to what fits", () => {
    expect([7, 999, 1_000, 1_290, 15_000, 123_456].map(countText)).toEqual(["7", "999", "1k", "1.2k", "15k", "123k"]);
  });

  it("are found below a thumb, the topmost first", () => {
    const marks = marksOf(answer, ZHANGYE, SIZE);
    const camera = marks[1];
    expect(markAt(marks, { x: camera?.x ?? 0, y: camera?.y ?? 0 })?.key).toBe("cam1");
    expect(markAt(marks, { x: 1, y: 1 })).toBeNull();
  });
});
