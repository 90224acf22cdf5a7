import { describe, expect, it } from "vitest";
import type { CameraDoc } from "@/api/config";
import { emptyForm, changeOf, selectionOf, tagWords } from "@/desk/edit/batch";
import { changeLine, type Lexicon } from "@/desk/edit/changeWords";
import { freeId, newRule, newZone, withField, withoutZone, withZone } from "@/desk/edit/draft";
import { findingsOf, tabOf } from "@/desk/edit/findings";
import { History, MOST_STEPS } from "@/desk/edit/history";
import { changesBetween, reapplied } from "@/desk/edit/merge";
import { careOf, ruleSentence, unitOf } from "@/desk/edit/ruleWords";
import { hoursOf, overMidnight, preset, presetOf, scheduleWords, toDoc, withDay, withDayOff } from "@/desk/edit/schedule";
import { i18n } from "@/locales";

const t = i18n.global.t as unknown as (key: string, named?: Record<string, unknown>) => string;
const words: Lexicon = {
  t,
  te: (key) => i18n.global.te(key),
  typeName: (id) => t(`eventType.${id}`),
  gridName: (id) => `grid ${id}`,
  cameras: [],
};

function camera(change: Partial<CameraDoc> = {}): CameraDoc {
  return {
    id: "c1",
    name: "East 3",
    grids: ["g1"],
    position: { lon: 100, lat: 38, place: "p" },
    streams: [{ url: "rtsp://10.0.0.1/1" }],
    legal: { purpose: "p", legal_basis: "art7_gov", installer_unit: "u", placement_class: "public_road" },
    zones: [{ id: "lane", name: "Lane", polygon: [[0, 0], [1, 0], [1, 1]] }],
    rules: [{ id: "r1", type: "fire_lane_blocked", zone: "lane", objects: ["vehicle"], dwell_s: 180 }],
    ...change,
  };
}

describe("steps", () => {
  it("takes back and does again, and forgets what was undone when something new is done", () => {
    const history = new History(1);
    history.do("two", 2);
    history.do("three", 3);
    expect(history.undo()).toEqual({ name: "three", state: 2 });
    expect(history.redo()).toEqual({ name: "three", state: 3 });
    history.undo();
    history.do("four", 4);
    expect(history.canRedo).toBe(false);
    expect(history.next).toBe("four");
  });

  it("makes one step of a drag, until it is sealed", () => {
    const history = new History(0);
    for (const n of [1, 2, 3]) history.do("drag", n, "drag-1");
    history.seal();
    history.do("drag", 4, "drag-1");
    expect(history.undo()?.state).toBe(3);
    expect(history.undo()?.state).toBe(0);
    expect(history.undo()).toBeNull();
  });

  it("keeps a bounded number of steps", () => {
    const history = new History(0);
    for (let n = 1; n <= MOST_STEPS + 50; n += 1) history.do("step", n);
    let back = 0;
    while (history.undo()) back += 1;
    expect(back).toBe(MOST_STEPS);
  });

  it("takes what was saved for the state, without a step of its own", () => {
    const history = new History("a");
    history.do("b", "b");
    history.replace("b saved");
    expect(history.undo()?.state).toBe("a");
    expect(history.redo()?.state).toBe("b saved");
  });
});

describe("a camera's document", () => {
  it("makes ids that nobody has", () => {
    expect(freeId("area", ["area-1", "area-2"])).toBe("area-3");
    expect(newZone(camera(), "privacy_mask", [], "m").id).toBe("mask-1");
    expect(newRule(camera(), "fire_lane_blocked", "lane")).toEqual({
      id: "fire-lane-blocked-1", type: "fire_lane_blocked", zone: "lane", objects: ["vehicle"],
    });
  });

  it("takes the rules of a zone away with it: without one they would watch everything", () => {
    expect(withoutZone(camera(), "lane")).toMatchObject({ zones: [], rules: [] });
  });

  it("writes down only what differs from the usual", () => {
    const rule = { id: "r", type: "t", min_count: 3 };
    expect(withField(rule, "min_count", 1, 1)).toEqual({ id: "r", type: "t" });
    expect(withField(rule, "dwell_s", null)).toEqual(rule);
  });

  it("puts findings beside what they are about", () => {
    const findings = [{ field: "rules[1].zone", message: "m" }, { field: "rules.1.type", message: "n" }, { field: "name", message: "o" }];
    expect(findingsOf(findings, "rules", 1)).toHaveLength(2);
    expect(findingsOf(findings, "rules", 0)).toEqual([]);
    expect(findings.map((one) => tabOf(one.field))).toEqual(["rules", "rules", "streams"]);
  });
});

describe("two people at one camera", () => {
  const base = camera();
  const theirs = withField(base.rules![0]!, "dwell_s", 300);

  it("names parts by the ids of zones and rules", () => {
    expect(changesBetween(base, camera({ rules: [theirs] }))).toEqual([{ path: "rules[r1].dwell_s", before: 180, after: 300 }]);
    expect(changesBetween(base, camera({ rules: [] }))).toEqual([{ path: "rules[r1]", before: base.rules![0], after: null }]);
    expect(changesBetween(base, camera())).toEqual([]);
  });

  it("does my changes again on theirs where we did not meet", () => {
    const mine = withZone(camera({ name: "East 4" }), { id: "new", name: "N", polygon: [[0, 0], [1, 0], [0, 1]] });
    const { document, clashes } = reapplied(base, mine, camera({ rules: [theirs] }));
    expect(clashes).toEqual([]);
    expect(document.name).toBe("East 4");
    expect(document.zones).toHaveLength(2);
    expect(document.rules![0]!.dwell_s).toBe(300);
  });

  it("leaves theirs where we both changed one thing, and says so", () => {
    const mine = camera({ rules: [withField(base.rules![0]!, "dwell_s", 60)] });
    const { document, clashes } = reapplied(base, mine, camera({ rules: [theirs] }));
    expect(document.rules![0]!.dwell_s).toBe(300);
    expect(clashes.map((clash) => clash.path)).toEqual(["rules[r1].dwell_s"]);
    expect(reapplied(base, mine, camera({ rules: [] })).clashes).toHaveLength(1);
  });

  it("is no clash when both did the same", () => {
    const both = camera({ rules: [theirs] });
    expect(reapplied(base, both, both)).toEqual({ document: both, clashes: [] });
  });

  it("takes a value away that I took away", () => {
    const mine = camera({ rules: [withField(base.rules![0]!, "dwell_s", null)] });
    expect(reapplied(base, mine, camera({ name: "X" })).document.rules![0]).not.toHaveProperty("dwell_s");
  });
});

describe("schedules", () => {
  it("says them in words", () => {
    expect(scheduleWords(hoursOf(undefined), t)).toBe("全天");
    expect(scheduleWords(preset("night"), t)).toBe("每天 20:00 至次日 06:00");
    expect(scheduleWords({ weekdays: ["mon", "tue", "wed", "sat"], start: "08:00", end: "00:00", notOn: ["2026-10-01"] }, t)).toBe(
      "周一至周三、周六 08:00–24:00，1 天除外",
    );
  });

  it("reads the gateway's times and leaves out what means nothing", () => {
    const hours = hoursOf({ weekdays: ["fri", "mon"], start: "22:00:00", end: "06:00:00", not_on: ["2026-10-02", "2026-10-01"] });
    expect(hours).toEqual({ weekdays: ["mon", "fri"], start: "22:00", end: "06:00", notOn: ["2026-10-01", "2026-10-02"] });
    expect(overMidnight(hours)).toBe(true);
    expect(toDoc(hoursOf({ start: "00:00:00", end: "00:00:00" }))).toBeUndefined();
    expect(toDoc(hoursOf({ start: "20:00:00", end: "06:00:00" }))).toEqual({ start: "20:00", end: "06:00" });
  });

  it("knows the usual ones, days off or not", () => {
    expect(presetOf(hoursOf({ start: "20:00:00", end: "06:00:00", not_on: ["2026-10-01"] }))).toBe("night");
    expect(presetOf(hoursOf({ weekdays: ["mon"] }))).toBeNull();
    expect(presetOf(hoursOf(undefined))).toBe("always");
  });

  it("never leaves a rule without a day", () => {
    const monday = { ...preset("always"), weekdays: ["mon" as const] };
    expect(withDay(monday, "mon")).toEqual(monday);
    expect(withDay(preset("always"), "sun").weekdays).toHaveLength(6);
    expect(withDay({ ...monday, weekdays: ["mon", "tue", "wed", "thu", "fri", "sat"] }, "sun").weekdays).toEqual([]);
  });

  it("takes dates only, each once", () => {
    expect(withDayOff(preset("always"), "tomorrow").notOn).toEqual([]);
    const once = withDayOff(preset("always"), "2026-10-01");
    expect(withDayOff(once, "2026-10-01").notOn).toEqual(["2026-10-01"]);
  });
});

describe("changes in words", () => {
  const say = (path: string, before: unknown, after: unknown, cameras: CameraDoc[] = [camera()]) =>
    changeLine({ path, before, after }, { ...words, cameras });

  it("names the rule by its type and seconds as a length of time", () => {
    expect(say("rules[r1].dwell_s", 180, 300)).toMatchObject({
      subject: "规则「占用消防车通道」", field: "持续多久才提示", before: "3 分钟", after: "5 分钟", kind: "changed",
    });
  });

  it("tells of entries that came and went", () => {
    expect(say("zones[z9]", null, { id: "z9", name: "Weir" }, [])).toMatchObject({ subject: "区域「Weir」", kind: "added" });
    expect(say("rules[r1]", camera().rules![0], null)).toMatchObject({ subject: "规则「占用消防车通道」", kind: "removed" });
  });

  it("puts ids, flags, shapes and missing values into words", () => {
    expect(say("rules[r1].zone", null, "lane")).toMatchObject({ before: "默认", after: "Lane" });
    expect(say("zones[lane].polygon", [[0, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]])).toMatchObject({ before: "2 个角点", after: "3 个角点" });
    expect(say("enabled", true, false)).toMatchObject({ subject: "", field: "启用", before: "是", after: "否" });
    expect(say("grids", ["g1"], ["g1", "g2"]).after).toBe("grid g1、grid g2");
    expect(say("rules[r1].schedule", null, { start: "20:00", end: "06:00" }).after).toBe("每天 20:00 至次日 06:00");
    expect(say("position.place", "a", "b").field).toBe("地点");
    expect(say("streams[sub].url", "a", "b").subject).toBe("子码流");
  });

  it("shows what nobody foresaw as it is", () => {
    expect(say("future.thing", 1, { a: 2 })).toMatchObject({ field: "future.thing", before: "1", after: '{"a":2}' });
  });
});

describe("rules in words", () => {
  const speak = { t, typeName: words.typeName, objectName: (label: string) => t(`object.${label}`) };

  it("says where, what, how long and as what", () => {
    expect(ruleSentence(camera().rules![0]!, camera().zones!, [], speak)).toBe("Lane：车辆持续 3 分钟，提示占用消防车通道");
    const crowd = { id: "r", type: "crowding", objects: ["person" as const], min_count: 8 };
    expect(ruleSentence(crowd, [], [{ id: "crowding", default_rule: { dwell_s: 120 } } as never], speak)).toBe("整个画面：至少 8 个人员持续 2 分钟，提示人员聚集");
    expect(ruleSentence({ id: "r", type: "litter", dwell_s: 60 }, [], [], speak)).toBe("整个画面：暴露垃圾持续 1 分钟就提示");
    expect(ruleSentence({ id: "r", type: "litter", dwell_s: 0 }, [], [], speak)).toBe("整个画面：一出现暴露垃圾就提示");
  });

  it("thinks in the units and degrees that people use", () => {
    expect([90, 180, 7_200, 0].map(unitOf)).toEqual(["s", "min", "h", "s"]);
    expect([0.2, 0.4, 0.9].map(careOf)).toEqual(["keen", "usual", "careful"]);
  });
});

describe("one change for many", () => {
  it("chooses no camera rather than all when nothing was chosen", () => {
    expect(selectionOf(emptyForm())).toBeNull();
    expect(selectionOf({ ...emptyForm(["a"]), grid: "g1" })).toEqual({ grid_id: "g1", camera_ids: ["a"] });
  });

  it("is nothing to try until it is said in full", () => {
    const form = emptyForm();
    expect(changeOf(form)).toBeNull();
    expect(changeOf({ ...form, deed: "schedule" })).toBeNull();
    expect(changeOf({ ...form, deed: "schedule", types: ["litter"] })).toEqual({ rule_types: ["litter"], schedule: {} });
    expect(changeOf({ ...form, deed: "tags", addTags: tagWords("school， river school") })).toEqual({ add_tags: ["school", "river"] });
    expect(changeOf({ ...form, deed: "enabled", enabled: false })).toEqual({ enabled: false });
  });
});
