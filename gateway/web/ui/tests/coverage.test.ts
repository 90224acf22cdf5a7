import { mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it } from "vitest";
import type { Component } from "vue";
import { COVERAGE_STATES, type CameraCoverage, type CameraDetail, type CameraState, type CoverageRow, type CoverageSeconds, type CoverageState } from "@/api/types";
import CameraCoveragePart from "@/components/CameraCoverage.vue";
import CameraHealth from "@/components/CameraHealth.vue";
import CoverageBar from "@/components/CoverageBar.vue";
import CoverageLegend from "@/components/CoverageLegend.vue";
import { clockTone, isKnownNote, isPoorlyWatched } from "@/domain/camera";
import { columns, dayAfter, gapsOf, lengthMs, partsOf, percentText, rowAt, SLOTS } from "@/domain/coverage";
import { i18n } from "@/locales";
import { fakeGateway, settle } from "./make";

const START = Date.parse("2026-05-01T00:00:00Z");

function seconds(change: Partial<CoverageSeconds> = {}): CoverageSeconds {
  return { ...(Object.fromEntries(COVERAGE_STATES.map((state) => [state, 0])) as CoverageSeconds), ...change };
}

function at(hour: number): string {
  return new Date(START + hour * 3_600_000).toISOString();
}

/** A day from its rows: state, from and to in hours. */
function day(...rows: [CoverageState, number, number][]): CameraCoverage {
  const sums = seconds();
  for (const [state, from, to] of rows) sums[state] += (to - from) * 3_600;
  const shown: CoverageRow[] = rows.map(([state, from, to]) => ({ state, start: at(from), end: at(to) }));
  return { start: at(0), end: at(24), rows: shown, seconds: sums, watched_share: 0.5, unrecorded_s: 0 };
}

function show(component: Component, props: Record<string, unknown>) {
  return mount(component, { props, global: { plugins: [i18n], stubs: { "router-link": true } } });
}

beforeEach(() => setActivePinia(createPinia()));

describe("shares", () => {
  it("never rounds up to what was not, nor away what was", () => {
    expect([percentText(0.99999), percentText(1), percentText(0.5), percentText(0.9499), percentText(0)]).toEqual(["99.9 %", "100 %", "50 %", "94.9 %", "0 %"]);
    expect([percentText(0.29), percentText(0.00001)]).toEqual(["29 %", "< 0.1 %"]);
  });

  it("are of what is recorded, in the order of the legend", () => {
    const parts = partsOf(seconds({ paused: 25, looked: 50, offline: 25 }));
    expect(parts.map((part) => [part.state, part.share])).toEqual([["looked", 0.5], ["offline", 0.25], ["paused", 0.25]]);
    expect(partsOf(seconds())).toEqual([]);
  });

  it("mark a camera from below ninety-five in a hundred, and none of which nothing is known", () => {
    expect([0.95, 0.9499, 0, null].map(isPoorlyWatched)).toEqual([false, true, true, false]);
  });
});

describe("the bar of a day", () => {
  it("draws long stretches as one column each", () => {
    const drawn = columns(day(["looked", 0, 12], ["offline", 12, 24]));
    expect(drawn).toEqual([
      { state: "looked", path: "M0 0h144V1h-144z" },
      { state: "offline", path: "M144 0h144V1h-144z" },
    ]);
  });

  it("stands the states of a slot on one another by their part of it", () => {
    const slot = 24 / SLOTS;
    const drawn = columns(day(["looked", 0, slot / 4], ["offline", slot / 4, slot]));
    expect(drawn.map((part) => part.path)).toEqual(["M0 0.75h1V1h-1z", "M0 0h1V0.75h-1z"]);
  });

  it("stays small for a camera that comes and goes all day", () => {
    const rows = Array.from({ length: 8_640 }, (_, n): [CoverageState, number, number] => [n % 2 ? "looked" : "offline", n / 360, (n + 1) / 360]);
    const drawn = columns(day(...rows));
    expect(drawn).toHaveLength(2);
    expect(drawn.every((part) => part.path.length < 20 * SLOTS)).toBe(true);
  });

  it("cuts rows that begin before it, and leaves blank what is not recorded", () => {
    expect(columns(day(["looked", -5, 6]))).toEqual([{ state: "looked", path: "M0 0h72V1h-72z" }]);
  });

  it("says in words what it shows in colours", () => {
    const label = show(CoverageBar, { coverage: day(["looked", 0, 18], ["offline", 18, 24]) }).get("svg").attributes("aria-label");
    expect(label).toContain("按时查看 18 小时（75 %）");
    expect(label).toContain("离线 6 小时（25 %）");
  });

  it("says of the place pointed at when its stretch began and ended", async () => {
    const bar = show(CoverageBar, { coverage: day(["looked", 0, 12]) });
    const field = bar.get(".field");
    field.element.getBoundingClientRect = () => ({ left: 0, width: 100 }) as DOMRect;
    await field.trigger("pointermove", { clientX: 25 });
    expect(bar.get('[data-testid="coverage-tip"]').text()).toMatch(/按时查看 · 12 小时$/);
    await field.trigger("pointermove", { clientX: 75 });
    expect(bar.get('[data-testid="coverage-tip"]').text()).toMatch(/没有记录$/);
    await field.trigger("pointerleave");
    expect(bar.find(".needle").exists()).toBe(false);
  });
});

describe("stretches", () => {
  const rows = day(["looked", 0, 5], ["unknown", 5, 5.5], ["paused", 5.5, 10], ["offline", 10, 12], ["masked", 12, 24]).rows;

  it("not watched are those that nobody meant, longest first", () => {
    expect(gapsOf(rows).map((row) => [row.state, lengthMs(row) / 3_600_000])).toEqual([["offline", 2], ["unknown", 0.5]]);
  });

  it("are found by a moment, the end not included", () => {
    expect(rowAt(rows, START + 5 * 3_600_000)?.state).toBe("unknown");
    expect(rowAt(rows, START + 24 * 3_600_000)).toBeNull();
  });

  it("of time that is not recorded are named from a minute on", () => {
    expect(show(CoverageLegend, { seconds: seconds({ looked: 9 }), unrecordedS: 59 }).text()).not.toContain("没有记录");
    expect(show(CoverageLegend, { seconds: seconds({ looked: 9 }), unrecordedS: 60 }).text()).toContain("没有记录");
  });

  it("go from day to day over the ends of months", () => {
    expect([dayAfter("2026-03-01", -1), dayAfter("2026-12-31", 1)]).toEqual(["2026-02-28", "2027-01-01"]);
  });
});

describe("a camera's coverage", () => {
  it("is loaded and told with its losses", async () => {
    fakeGateway([{ status: 200, body: day(["looked", 0, 20], ["offline", 20, 24]) }]);
    const part = show(CameraCoveragePart, { cameraId: "cam1" });
    await settle();
    expect(part.text()).toContain("看到 50 %");
    expect(part.findAll("details li")).toHaveLength(1);
  });

  it("that has no rows says so", async () => {
    fakeGateway([{ status: 200, body: { ...day(), watched_share: null } }]);
    const part = show(CameraCoveragePart, { cameraId: "cam1" });
    await settle();
    expect(part.text()).toContain("还没有记录");
    expect(part.find("svg").exists()).toBe(false);
  });

  it("that cannot be had offers another try", async () => {
    fakeGateway([{ status: 403, body: { code: "access_denied" } }]);
    const part = show(CameraCoveragePart, { cameraId: "cam1" });
    await settle();
    expect(part.find("button").exists()).toBe(true);
  });
});

describe("the facts of a camera", () => {
  const state: CameraState = {
    state: "online", since: at(0), updated_at: at(0), detail: "", attempts: 0, next_try_at: null, last_picture_at: null,
    codec: "", width: 0, height: 0, fps: null, looks: 1, dropped_gops: 0, tier: "", clock_offset_s: null, gop_s: null,
    notes: [], audited: 0, audit_active: 0, audit_missed: 0, refused_looks: 0, refused_bursts: 0, lost_packets: 0,
  };
  const health = (change: Partial<CameraState>) => {
    const camera = { state: { ...state, ...change }, lat: 1, lon: 2, streams: [] } as unknown as CameraDetail;
    return show(CameraHealth, { camera });
  };

  it("mark a clock from five and from thirty seconds, in either direction", () => {
    expect([0, 4.9, -5, 29.9, -30, 4_000].map(clockTone)).toEqual(["good", "good", "warn", "warn", "bad", "bad"]);
    const clock = (offset: number) => health({ clock_offset_s: offset }).get('[data-testid="camera-clock"]');
    expect(clock(-1).text()).toBe("准");
    expect(clock(6.4).text()).toContain("快 6 秒");
    expect(clock(-95).get(".chip").classes()).toContain("bad");
    expect(clock(-95).text()).toContain("慢 1 分钟");
  });

  it("say in words what limits it, and skip what this page has no words for", () => {
    expect(isKnownNote("long_gop")).toBe(true);
    const notes = health({ notes: ["long_gop", "from_the_future"] }).findAll('[data-testid="camera-notes"] li');
    expect(notes.map((note) => note.text())).toEqual([expect.stringContaining("关键帧间隔太长")]);
  });

  it("do not call well what deserves a look", () => {
    expect(health({}).text()).toContain("正常，不用处理。");
    for (const change of [{ clock_offset_s: 9 }, { notes: ["poll_slow"] }]) expect(health(change).text()).not.toContain("正常");
    expect(health({ state: "stalled", notes: ["poll_slow"] }).text()).toContain("连着但没有新画面");
  });

  it("are silent where nothing is known", () => {
    const text = health({}).text();
    for (const word of ["观看方式", "摄像机时钟", "抽查", "丢包"]) expect(text).not.toContain(word);
    const told = health({ tier: "poll", audited: 9, audit_active: 3, audit_missed: 1, lost_packets: 7, refused_looks: 2 }).text();
    for (const word of ["定时抓图", "抽查 9 段，3 段有动静，其中漏看 1 段", "网络丢包 7 个", "少看 2 次"]) expect(told).toContain(word);
  });
});
