import { describe, expect, it } from "vitest";
import { bearing, compass, fit, metresBetween } from "@/worker/ground";
import { cluster, nextAfter, places } from "@/worker/groups";
import { makeEntry } from "../make";

describe("places on the ground", () => {
  it("knows the length of a degree", () => {
    expect(Math.round(metresBetween([117, 36], [117, 37]) / 100)).toBe(1_112);
    expect(Math.round(metresBetween([117, 60], [118, 60]) / 100)).toBe(556);
    expect(metresBetween([117, 36], [117, 36])).toBe(0);
  });

  it("says which way to go", () => {
    expect(Math.round(bearing([117, 36], [117, 37]))).toBe(0);
    expect(Math.round(bearing([117, 36], [117.001, 36]))).toBe(90);
    expect([compass(359), compass(44), compass(200)]).toEqual(["n", "ne", "s"]);
  });

  it("draws a single point without dividing by nothing", () => {
    const drawing = fit([[117, 36]], 300, 200);
    expect(drawing.at([117, 36])).toEqual([150, 100]);
    expect(Number.isFinite(drawing.metres(10))).toBe(true);
  });

  it("keeps everything inside, north above, east on the right", () => {
    const drawing = fit([[117, 36], [117.01, 36.02]], 300, 200);
    const [south, north] = [drawing.at([117, 36]), drawing.at([117.01, 36.02])];
    expect(north[1]).toBeLessThan(south[1]);
    expect(north[0]).toBeGreaterThan(south[0]);
    for (const [x, y] of [south, north]) expect(x >= 0 && x <= 300 && y >= 0 && y <= 200).toBe(true);
  });
});

describe("items that belong together", () => {
  const other = makeEntry("i2", { camera_id: "cam2" });
  const list = [makeEntry("i1"), other, makeEntry("i3"), makeEntry("i4", { event_type: "litter" })];

  it("follow the first of their camera and type; the rest keeps its order", () => {
    const order = cluster(list).map((entry) => entry.item.id);
    expect(order).toEqual(["i1", "i3", "i2", "i4"]);
    expect([...places(cluster(list)).values()].map(({ size, nth }) => `${nth + 1}/${size}`)).toEqual(["1/2", "2/2", "1/1", "1/1"]);
  });

  it("lead on to the first that is not judged with them, backwards at the end", () => {
    const order = cluster(list);
    expect(nextAfter(order, 0, new Set(["i1", "i3"]))?.item.id).toBe("i2");
    expect(nextAfter(order, 3, new Set(["i4"]))?.item.id).toBe("i2");
    expect(nextAfter(order.slice(0, 1), 0, new Set(["i1"]))).toBeNull();
  });
});
