import { mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it } from "vitest";
import { defineComponent, h, nextTick, shallowRef } from "vue";
import type { CameraDoc, ZoneDoc } from "@/api/config";
import { History } from "@/desk/edit/history";
import ZoneEditor from "@/desk/edit/ZoneEditor.vue";
import { i18n } from "@/locales";
import { makeEntry } from "../make";
import { dayHits } from "@/desk/edit/hits";

const LANE: ZoneDoc = { id: "lane", name: "Lane", polygon: [[0.2, 0.2], [0.6, 0.2], [0.6, 0.6], [0.2, 0.6]] };

/** The editor as its page holds it: a document and its steps. The stage measures 960 x 540 where nothing is laid out. */
function desk(zones: ZoneDoc[]) {
  const doc = shallowRef<CameraDoc>({
    id: "c1", name: "C", grids: ["g1"], position: { lon: 0, lat: 0 }, streams: [{ url: "rtsp://h/1" }], zones,
    rules: [{ id: "r1", type: "illegal_parking", zone: "lane" }],
    legal: { purpose: "p", legal_basis: "art7_gov", installer_unit: "u", placement_class: "public_road" },
  });
  const history = new History(doc.value);
  const hits = dayHits([makeEntry("a", { boxes: [[0.3, 0.3, 0.4, 0.5]] })], Date.parse("2026-05-01T12:00:00Z"));
  const page = mount(
    defineComponent(() => () =>
      h(ZoneEditor, {
        doc: doc.value, picture: "", width: 16, height: 9, hits, moved: null, grids: [], problems: [],
        withRuler: true, canUndo: history.canUndo, canRedo: history.canRedo, undoName: history.next,
        onChange: (name: string, next: CameraDoc, merge: string | null) => {
          history.do(name, next, merge);
          doc.value = next;
        },
        onSeal: () => history.seal(),
        onUndo: () => (doc.value = history.undo()?.state ?? doc.value),
        onRedo: () => (doc.value = history.redo()?.state ?? doc.value),
      }),
    ),
    { global: { plugins: [i18n] }, attachTo: document.body },
  );
  const canvas = page.get('[data-testid="zone-canvas"]');
  const press = async (...keys: string[]) => {
    for (const key of keys) {
      const [name = "", shift] = key.startsWith("Shift+") ? [key.slice(6), true] : [key, false];
      await canvas.trigger("keydown", name.startsWith("Ctrl+") ? { key: name.slice(5), ctrlKey: true } : { key: name, shiftKey: shift });
    }
    await nextTick();
  };
  const pointer = async (kind: string, x: number, y: number, pointerType = "mouse") => {
    const event = new MouseEvent(kind, { bubbles: true, clientX: x * 960, clientY: y * 540 });
    Object.assign(event, { pointerId: 1, pointerType });
    canvas.element.dispatchEvent(event);
    await nextTick();
  };
  const zone = (id = "lane") => doc.value.zones?.find((one) => one.id === id);
  const spoken = () => page.get('[data-testid="zone-spoken"]').text();
  return { page, doc, press, pointer, zone, spoken };
}

beforeEach(() => setActivePinia(createPinia()));

describe("the zone editor by keyboard", { timeout: 30_000 }, () => {
  it("draws a zone from nothing, and says where each corner is", async () => {
    const { page, press, doc, spoken } = desk([]);
    await page.get('[data-testid="draw-area"]').trigger("click");
    await press(" ");
    expect(spoken()).toContain("50.0 %");
    await press(...Array<string>(10).fill("Shift+ArrowRight"), " ", ...Array<string>(6).fill("Shift+ArrowDown"), " ", "Enter");
    expect(doc.value.zones?.[0]).toMatchObject({ id: "area-1", polygon: [[0.5, 0.5], [1, 0.5], [1, 0.8]] });
  });

  it("does not finish a shape without an area", async () => {
    const { page, press, doc } = desk([]);
    await page.get('[data-testid="draw-area"]').trigger("click");
    await press(" ", "ArrowRight", " ", "Enter");
    expect(doc.value.zones).toEqual([]);
    await press("Escape", "Enter");
    expect(doc.value.zones).toEqual([]);
  });

  it("moves a corner by 0.2 %, by 1 % with Shift, and takes the run back in one step", async () => {
    const { press, zone, spoken } = desk([LANE]);
    await press("n", "j", "ArrowRight", "ArrowRight", "Shift+ArrowDown");
    expect(zone()?.polygon[0]).toEqual([0.204, 0.21]);
    expect(spoken()).toContain("20.4 %");
    await press("Ctrl+z");
    expect(zone()?.polygon).toEqual(LANE.polygon);
    await press("Ctrl+y");
    expect(zone()?.polygon[0]).toEqual([0.204, 0.21]);
  });

  it("adds and removes corners, but never the third last", async () => {
    const { press, zone, spoken } = desk([LANE]);
    await press("n", "j", "a");
    expect(zone()?.polygon[1]).toEqual([0.4, 0.2]);
    await press("Delete", "Delete", "Delete");
    expect(zone()?.polygon).toHaveLength(3);
    expect(spoken()).not.toBe("");
  });

  it("removes a chosen zone with its rules, and undo brings both back", async () => {
    const { press, doc } = desk([LANE]);
    await press("n", "Delete");
    expect(doc.value).toMatchObject({ zones: [], rules: [] });
    await press("Ctrl+z");
    expect(doc.value.rules).toHaveLength(1);
  });

  it("leaves Tab and the browser's own keys alone", async () => {
    const { page } = desk([LANE]);
    const event = new KeyboardEvent("keydown", { key: "Tab", bubbles: true, cancelable: true });
    page.get('[data-testid="zone-canvas"]').element.dispatchEvent(event);
    expect(event.defaultPrevented).toBe(false);
  });
});

describe("the ruler", { timeout: 30_000 }, () => {
  it("is dragged like a corner, and taken back in one step", async () => {
    const { page, pointer, doc } = desk([LANE]);
    await page.get('[data-testid="ruler"]').setValue(true);
    expect(doc.value.perspective).toBeUndefined();
    await pointer("pointerdown", 0.35, 0.6);
    for (const y of [0.55, 0.5]) await pointer("pointermove", 0.35, y);
    await pointer("pointerup", 0.35, 0.5);
    expect(doc.value.perspective).toMatchObject({ near: { y: 0.9, height: 0.4 } });
    await page.get('[data-testid="undo"]').trigger("click");
    expect(doc.value.perspective).toBeUndefined();
  });
});

describe("the zone editor by pointer", { timeout: 30_000 }, () => {
  it("draws by taps and closes on the first corner", async () => {
    const { page, pointer, doc } = desk([]);
    await page.get('[data-testid="draw-privacy_mask"]').trigger("click");
    for (const [x, y] of [[0.1, 0.1], [0.4, 0.12], [0.4, 0.4], [0.105, 0.105]] as const) {
      await pointer("pointerdown", x, y, "touch");
      await pointer("pointerup", x, y, "touch");
    }
    expect(doc.value.zones?.[0]).toMatchObject({ kind: "privacy_mask" });
    expect(doc.value.zones?.[0]?.polygon).toHaveLength(3);
  });

  it("drags a corner, and undoes the whole drag at once", async () => {
    const { page, press, pointer, zone } = desk([LANE]);
    await press("n");
    await pointer("pointerdown", 0.6, 0.6);
    for (const x of [0.65, 0.7, 0.75]) await pointer("pointermove", x, 0.71);
    await pointer("pointerup", 0.75, 0.71);
    expect(zone()?.polygon[2]).toEqual([0.75, 0.71]);
    await page.get('[data-testid="undo"]').trigger("click");
    expect(zone()?.polygon).toEqual(LANE.polygon);
  });

  it("bends an edge into a new corner", async () => {
    const { press, pointer, zone } = desk([LANE]);
    await press("n");
    await pointer("pointerdown", 0.4, 0.2);
    await pointer("pointermove", 0.41, 0.1);
    await pointer("pointerup", 0.41, 0.1);
    expect(zone()?.polygon).toHaveLength(5);
    expect(zone()?.polygon[1]).toEqual([0.41, 0.1]);
  });

  it("chooses a zone by a tap without moving it", async () => {
    const { page, pointer, zone } = desk([LANE]);
    await pointer("pointerdown", 0.4, 0.4, "touch");
    await pointer("pointerup", 0.401, 0.4, "touch");
    expect(page.get('[data-testid="zone-detail"]').isVisible()).toBe(true);
    expect(zone()?.polygon).toEqual(LANE.polygon);
  });

  it("counts the last day's hits in the chosen zone while it is dragged away", async () => {
    const { page, press, pointer } = desk([LANE]);
    const count = () => page.get('[data-testid="hit-count"]').text();
    await press("n");
    expect(count()).toContain("1 次落在这里");
    await pointer("pointerdown", 0.5, 0.4);
    await pointer("pointermove", 0.9, 0.8);
    expect(count()).toContain("0 次落在这里");
  });

  it("shows edges that cross before anything is saved", async () => {
    const { page, press, pointer } = desk([LANE]);
    await press("n");
    await pointer("pointerdown", 0.6, 0.6);
    await pointer("pointermove", 0.3, 0.05);
    await pointer("pointerup", 0.3, 0.05);
    expect(page.get('[role="alert"]').text()).toContain("交叉");
    expect(page.findAll(".wrong")).toHaveLength(2);
  });
});
