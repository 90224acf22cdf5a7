import { describe, expect, it } from "vitest";
import { emptyDoc, FIELDS, nameOf, readOutline, valueOf, withCorner, withDays, withValue } from "@/desk/site/entries";

const TYPE = {
  id: "litter",
  version: 0,
  document: { id: "litter" },
  effective: { id: "litter", zh: "乱扔垃圾", en: "Litter", deadline: { amount: 4, unit: "wh" }, cm_code: "1-2" },
  shipped: true,
  used_by: 0,
};
const field = (key: string) => FIELDS.event_type.find((each) => each.key === key)!;

describe("entries of the site", () => {
  it("shows what holds and writes only what was changed, groups whole", () => {
    expect(valueOf(TYPE, TYPE.document, "deadline/amount")).toBe("4");
    const doc = withValue(TYPE, TYPE.document, field("deadline/amount"), "2");
    expect(doc).toEqual({ id: "litter", deadline: { amount: 2, unit: "wh" } });
    expect(valueOf(TYPE, doc, "deadline/unit")).toBe("wh");
    expect(withValue(TYPE, doc, field("cm_code"), " ")).toEqual({ ...doc, cm_code: null });
    expect([nameOf("event_type", TYPE, "zh-CN"), nameOf("event_type", TYPE, "en")]).toEqual(["乱扔垃圾", "Litter"]);
  });

  it("begins a new entry with what it must have", () => {
    expect(emptyDoc("calendar")).toEqual({ year: "", holidays: [], make_up_days: [] });
    expect(emptyDoc("grid", "620702199001")).toEqual({ id: "", code: "", name: "", region_code: "620702199001" });
    expect(valueOf({ effective: null }, emptyDoc("grid"), "kind")).toBe("base");
  });

  it("adds a span of holidays, in order and each once, over the end of a month", () => {
    expect(withDays(["2026-10-03"], "2026-09-30", "2026-10-03")).toEqual(["2026-09-30", "2026-10-01", "2026-10-02", "2026-10-03"]);
    expect(withDays([], "2026-10-10", "")).toEqual(["2026-10-10"]);
    expect(withDays([], "2026-10-10", "2026-10-01")).toEqual(["2026-10-10"]);
    expect(withDays([], "2026-01-01", "2026-12-31")).toHaveLength(31);
  });

  it("puts a corner into the edge that it is near", () => {
    const square = [[0, 0], [2, 0], [2, 2], [0, 2]] as const;
    const points = square.map(([x, y]) => [x, y] as [number, number]);
    expect(withCorner(points, [1, -0.1])[1]).toEqual([1, -0.1]);
    expect(withCorner(points, [-0.1, 1])[4]).toEqual([-0.1, 1]);
    expect(withCorner([], [1, 1])).toEqual([[1, 1]]);
  });

  it("reads corners that were typed, whatever stands between the two numbers", () => {
    expect(readOutline("100.1, 38.9\n100.2，38.9\n\n100.2 38.8")).toEqual([[100.1, 38.9], [100.2, 38.9], [100.2, 38.8]]);
    expect(readOutline("100.1\n100.2, 38.9")).toBeNull();
  });
});
