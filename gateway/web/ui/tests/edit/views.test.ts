import { describe, expect, it } from "vitest";
import type { CameraDoc, Offset, ZoneDoc } from "@/api/config";
import { MOST_REFERENCES, newZone, referencesOf, withoutPreset, withPreset, withReference } from "@/desk/edit/draft";
import { carried } from "@/desk/edit/geometry";
import { changesBetween } from "@/desk/edit/merge";
import { bearing, bestOf, carriedAlong, presetSeen } from "@/desk/edit/shift";

const SQUARE: ZoneDoc["polygon"] = [[0.2, 0.2], [0.6, 0.2], [0.6, 0.6], [0.2, 0.6]];

function camera(more: Partial<CameraDoc> = {}): CameraDoc {
  return {
    id: "c1", name: "C", grids: ["g1"], position: { lon: 0, lat: 0 }, streams: [{ url: "rtsp://h/1" }],
    legal: { purpose: "p", legal_basis: "art7_gov", installer_unit: "u", placement_class: "public_road" },
    presets: [{ id: "gate", name: "Gate", references: ["ref_a"] }, { id: "yard", name: "Yard", references: ["ref_b"] }],
    zones: [
      { id: "g", name: "At the gate", polygon: SQUARE, preset: "gate" },
      { id: "all", name: "Everywhere", polygon: SQUARE },
    ],
    rules: [{ id: "r1", type: "illegal_parking", zone: "g" }, { id: "r2", type: "litter", zone: "all" }],
    ...more,
  };
}

const offset = (reference: string, lies: Offset["lies"], likeness = 0.8): Offset => ({ reference, lies, likeness, right: 0, down: 0 });

describe("presets in a document", () => {
  it("gives a new zone the preset it is drawn on", () => {
    expect(newZone(camera(), "area", SQUARE, "New", "yard")).toMatchObject({ preset: "yard" });
    expect(newZone(camera(), "area", SQUARE, "New")).not.toHaveProperty("preset");
  });

  it("takes a preset away with its zones and their rules, and leaves the rest", () => {
    const next = withoutPreset(camera(), "gate");
    expect(next.zones?.map((zone) => zone.id)).toEqual(["all"]);
    expect(next.rules?.map((rule) => rule.id)).toEqual(["r2"]);
    expect(withoutPreset(next, "yard")).not.toHaveProperty("presets");
  });

  it("replaces the first picture or keeps others beside it, four at most", () => {
    expect(referencesOf(withReference(camera(), "gate", "ref_n"), "gate")).toEqual(["ref_n"]);
    const many = ["1", "2", "3", "4", "5"].reduce((doc, each) => withReference(doc, "gate", each, true), camera());
    expect(referencesOf(many, "gate")).toEqual(["5", "4", "3", "2"]);
    expect(MOST_REFERENCES).toBe(4);
    expect(referencesOf(withReference(camera(), null, "ref_n"), null)).toEqual(["ref_n"]);
  });

  it("says what changed in a preset by its name", () => {
    const renamed = withPreset(camera(), { id: "gate", name: "North gate", references: ["ref_a"] });
    expect(changesBetween(camera(), renamed).map((change) => change.path)).toEqual(["presets[gate].name"]);
  });
});

describe("a picture that has moved", () => {
  it("carries the zones of its own view along and no other", () => {
    const { document, lost } = carriedAlong(camera(), "gate", 0.1, -0.05);
    expect(document.zones?.[0]?.polygon).toEqual([[0.3, 0.15], [0.7, 0.15], [0.7, 0.55], [0.3, 0.55]]);
    expect(document.zones?.[1]?.polygon).toEqual(SQUARE);
    expect(lost).toEqual([]);
  });

  it("cuts off what leaves the picture, and keeps in place what would be gone", () => {
    expect(carried(SQUARE, -0.4, 0, "area")).toEqual([[0, 0.2], [0.2, 0.2], [0.2, 0.6], [0, 0.6]]);
    expect(carried(SQUARE, 0.9, 0, "area")).toBeNull();
    expect(carriedAlong(camera(), "gate", 0.9, 0)).toMatchObject({ lost: ["At the gate"], document: { zones: [{ polygon: SQUARE }, {}] } });
    expect(carried([[0.1, 0.5], [0.9, 0.5]], 0.2, 0, "line")).toBeNull();
  });

  it("believes the picture that fits best, by day or by night", () => {
    expect(bestOf([offset("n", "elsewhere"), offset("d", "in_place", 0.5)])?.reference).toBe("d");
    expect(bestOf([])).toBeNull();
  });

  it("names the preset that the camera shows", () => {
    const presets = camera().presets ?? [];
    expect(presetSeen(presets, new Map([["ref_a", offset("ref_a", "elsewhere")], ["ref_b", offset("ref_b", "aside")]]))).toBe("yard");
    expect(presetSeen(presets, new Map([["ref_a", offset("ref_a", "unclear")]]))).toBe("");
  });

  it("points the arrow where things went", () => {
    const went = (right: number, down: number) => Math.round(bearing({ ...offset("a", "aside"), right, down }, 1600, 900));
    expect([went(0.1, 0), went(0, 0.1), went(0, -0.1), went(-0.1, 0)]).toEqual([90, 180, 0, -90]);
  });
});
