import { describe, expect, it } from "vitest";
import type { ZoneDoc } from "@/api/config";
import { arrowOf, leadsAcross, WAYS, wayOf, waysFor, withWay } from "@/desk/edit/direction";
import { takes } from "@/desk/edit/draft";

const LINE: ZoneDoc = { id: "gate", name: "gate", kind: "line", polygon: [[0.2, 0.5], [0.8, 0.5]] };
const AREA: ZoneDoc = { id: "lane", name: "lane", polygon: [[0, 0], [0.1, 0], [0.1, 0.1]] };

describe("the direction of a zone", () => {
  it("is called by the name it was given, wherever the zone lies", () => {
    for (const way of WAYS) expect(wayOf(arrowOf(way, AREA.polygon))).toBe(way);
  });

  it("has no name when it was drawn between the eight", () => {
    expect(wayOf([[0.5, 0.5], [0.7, 0.585]])).toBeNull();
  });

  it("stays in the picture, also of a zone in the corner", () => {
    const points = WAYS.flatMap((way) => arrowOf(way, AREA.polygon)).flat();
    expect(points.every((v) => v >= 0 && v <= 1)).toBe(true);
  });

  it("leads over a line, not along it", () => {
    expect(waysFor(LINE)).toEqual(["down_right", "down", "down_left", "up_left", "up", "up_right"]);
    expect(waysFor(AREA)).toEqual([...WAYS]);
    expect(leadsAcross([[0.5, 0.5], [0.5, 0.5]], arrowOf("up", LINE.polygon))).toBe(false);
  });

  it("takes the count with it when it goes", () => {
    const counted: ZoneDoc = { ...withWay(LINE, "down"), count: ["vehicle"] };
    expect(withWay(counted, "up").count).toEqual(["vehicle"]);
    expect(withWay(counted, null)).toEqual(LINE);
  });

  it("is asked for by some rules only", () => {
    expect(takes("stray_livestock", "line")).toBe(true);
    expect(takes("illegal_parking", "line")).toBe(false);
    expect(takes("illegal_parking", "area")).toBe(true);
    expect(takes("zone_intrusion", "privacy_mask")).toBe(false);
  });
});
