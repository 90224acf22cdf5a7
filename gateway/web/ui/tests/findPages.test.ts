import { mount, type VueWrapper } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Component } from "vue";
import { createMemoryHistory, createRouter, type Router } from "vue-router";
import type { HealthCamera, HealthSummary, LedgerFile, LedgerJob } from "@/api/find";
import type { Camera } from "@/api/types";
import MapView from "@/desk/find/MapView.vue";
import HealthRow from "@/desk/health/HealthRow.vue";
import RateCard from "@/desk/health/RateCard.vue";
import SiteAlarm from "@/desk/health/SiteAlarm.vue";
import { bottomOf, trendOf, watchedShare } from "@/desk/health/trend";
import { i18n } from "@/locales";
import CamerasPage from "@/pages/CamerasPage.vue";
import HealthPage from "@/pages/HealthPage.vue";
import ImportPage from "@/pages/ImportPage.vue";
import OnboardPage from "@/pages/OnboardPage.vue";
import { useSessionStore } from "@/stores/session";
import { makeSession, settle } from "./make";

vi.mock("@/composables/tell", () => ({ tell: () => {} }));

interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
}

const WHOLE_WAY_MS = 30_000; // seven steps on a busy machine

type Answers = Record<string, unknown | ((asked: Asked) => unknown)>;

/** A gateway that answers by method and path; an answer `{ status, ... }` with a code is a problem. */
function gateway(answers: Answers): Asked[] {
  const calls: Asked[] = [];
  globalThis.fetch = (async (input: string, init: RequestInit = {}) => {
    const url = new URL(String(input), "http://gateway.test");
    const path = url.pathname.replace("/api/v1", "");
    const asked: Asked = {
      method: init.method ?? "GET", path, query: url.searchParams,
      body: typeof init.body === "string" ? JSON.parse(init.body) : init.body,
    };
    calls.push(asked);
    const answer = answers[`${asked.method} ${path}`];
    const body = typeof answer === "function" ? (answer as (asked: Asked) => unknown)(asked) : answer;
    const status = body === undefined ? 404 : ((body as { status?: number }).status ?? 200);
    return new Response(JSON.stringify(body ?? { code: "not_found" }), { status });
  }) as typeof fetch;
  return calls;
}

let router: Router;
const shown: VueWrapper[] = [];

async function show(component: Component, path: string, rights: string[], props: Record<string, unknown> = {}) {
  const pinia = createPinia();
  setActivePinia(pinia);
  useSessionStore().session = { ...makeSession(), rights } as never;
  router = createRouter({ history: createMemoryHistory(), routes: [{ path: "/:rest(.*)*", component: { template: "<i/>" } }] });
  await router.push(path);
  const page = mount(component, { props, global: { plugins: [pinia, router, i18n] }, attachTo: document.body });
  shown.push(page);
  await settle();
  return page;
}

beforeEach(() => {
  window.matchMedia = ((query: string) => ({ matches: query.includes("min-width"), addEventListener() {}, removeEventListener() {} })) as never;
  HTMLCanvasElement.prototype.getContext = (() => null) as never;
  Element.prototype.scrollIntoView = () => {};
  URL.createObjectURL = () => "blob:x";
  URL.revokeObjectURL = () => {};
});
afterEach(() => {
  for (const page of shown.splice(0)) page.unmount();
  vi.useRealTimers();
});

const GRID = { id: "g1", code: "1", name: "G", kind: "base", region_code: "1", polygon: [[100, 38], [100.1, 38], [100.1, 38.1]] };

function camera(id: string, change: Partial<Camera> = {}): Camera {
  return {
    id, name: `N ${id}`, place: "P", lon: 100.05, lat: 38.05, grid_ids: ["g1"], grid_names: ["G"], rule_count: 2,
    event_types: [], enabled: true, masked: false, coverage_today: 0.5,
    state: {
      state: "online", since: "2026-05-01T08:00:00Z", updated_at: "2026-05-01T08:00:00Z", detail: "", attempts: 0, next_try_at: null,
      last_picture_at: null, codec: "h264", width: 1920, height: 1080, fps: 25, looks: 1, dropped_gops: 0, tier: "main",
      clock_offset_s: 40, gop_s: 2, notes: [], audited: 0, audit_active: 0, audit_missed: 0, refused_looks: 0, refused_bursts: 0, lost_packets: 0,
    },
    ...change,
  };
}

describe("the map", () => {
  const answer = { clusters: [{ lon: 100.02, lat: 38.02, count: 12, offline: 1, faulty: 0 }], cameras: [{ id: "cam1", name: "East", lon: 100.05, lat: 38.05, state: "online", faulty: false }] };

  it("says in words what its marks show, and opens the camera that is pressed", async () => {
    const map = await show(MapView, "/", [], { grids: [GRID], answer });
    expect(map.get('[data-testid="map-cluster"]').attributes("aria-label")).toContain("12");
    expect(map.get('[data-testid="map-camera"]').attributes("aria-label")).toContain("East");
    await map.get('[data-testid="map-camera"]').trigger("click");
    expect(map.emitted("camera")).toEqual([["cam1"]]);
  });

  it("goes closer when a cluster is pressed, and by keys", async () => {
    const map = await show(MapView, "/", [], { grids: [GRID], answer });
    const before = (map.vm as unknown as { view: { zoom: number } }).view.zoom;
    await map.get('[data-testid="map-cluster"]').trigger("click");
    const after = (map.vm as unknown as { view: { zoom: number } }).view.zoom;
    expect(after).toBeCloseTo(before + 2);
    await map.get('[data-testid="map"]').trigger("keydown", { key: "-" });
    expect((map.vm as unknown as { view: { zoom: number } }).view.zoom).toBeCloseTo(after - 1);
  });

  it("gives the position of a press on the ground, of a drag none", async () => {
    const map = await show(MapView, "/", [], { grids: [GRID], pick: true });
    const ground = map.get('[data-testid="map"]');
    await ground.trigger("pointerdown", { button: 0, pointerId: 1, clientX: 320, clientY: 210 });
    await ground.trigger("pointermove", { pointerId: 1, clientX: 360, clientY: 210 });
    await ground.trigger("pointerup", { pointerId: 1, clientX: 360, clientY: 210 });
    expect(map.emitted("picked")).toBeUndefined();
    await ground.trigger("keydown", { key: "Enter" });
    const [[at]] = map.emitted("picked") as [[{ lon: number; lat: number }]];
    expect(at.lat).toBeCloseTo(38.05, 1);
  });
});

describe("the list of cameras", () => {
  const answers: Answers = {
    "GET /cameras": { items: [camera("cam1"), camera("cam2")], next_cursor: "c2", totals: { online: 2, total: 15_000 }, found: 15_000 },
    "GET /map": { clusters: [], cameras: [] },
  };

  it("shows what is known of each, and asks the gateway for words and order", async () => {
    const calls = gateway(answers);
    const page = await show(CamerasPage, "/cameras?sort=state", ["camera.read"]);
    expect(page.findAll('[data-testid="camera-item"]')).toHaveLength(2);
    expect(page.text()).toContain("1920×1080 · 25 fps");
    expect(page.text()).toContain("快 40 秒");
    expect(calls.find((call) => call.path === "/cameras")?.query.get("sort")).toBe("state");
    expect(page.find('[data-testid="to-onboard"]').exists()).toBe(false);
    expect(page.find('input[type="checkbox"]').exists()).toBe(false);
  });

  it("waits until somebody has stopped typing", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    gateway(answers);
    const page = await show(CamerasPage, "/cameras", ["camera.read"]);
    for (const text of ["e", "ea", "east "]) await page.get('[data-testid="camera-search"]').setValue(text);
    expect(router.currentRoute.value.query.q).toBeUndefined();
    vi.advanceTimersByTime(301);
    await settle();
    expect(router.currentRoute.value.query.q).toBe("east");
  });

  it("takes the next page behind the first, each camera once", async () => {
    const calls = gateway({ ...answers, "GET /cameras": (asked: Asked) => ({ items: asked.query.get("cursor") ? [camera("cam2"), camera("cam3")] : [camera("cam1"), camera("cam2")], next_cursor: asked.query.get("cursor") ? null : "c2", totals: { online: 1, total: 3 }, found: 3 }) });
    const page = await show(CamerasPage, "/cameras", ["camera.read"]);
    await page.get(".more button").trigger("click");
    await settle();
    expect(page.findAll('[data-testid="camera-item"]').map((row) => row.attributes("data-camera"))).toEqual(["cam1", "cam2", "cam3"]);
    expect(calls.filter((call) => call.path === "/cameras")).toHaveLength(2);
  });

  it("hands those that are chosen to the page for changing many", async () => {
    gateway(answers);
    const page = await show(CamerasPage, "/cameras", ["camera.read", "config.edit", "onboard"]);
    for (const box of page.findAll('input[type="checkbox"]')) await box.setValue(true);
    expect(page.get('[data-testid="to-batch"]').attributes("href")).toBe("/cameras/batch?ids=cam1,cam2");
  });
});

const FILE: LedgerFile = {
  file_id: "f1", rows: 3,
  columns: [{ name: "名称", samples: ["东街"], suggested: "name" }, { name: "X", samples: ["100.4"], suggested: null }],
  fields: [{ id: "name", zh: "名称", en: "Name", required: true }, { id: "lon", zh: "经度", en: "Longitude", required: true }],
};
const JOB: LedgerJob = { state: "ready", done: 3, total: 3, new: 2, changed: 0, unchanged: 0, errors: [{ row: 4, column: "X", field: "lon", code: "number", message: "M", value: "abc" }], errors_total: 1, faulty_rows: 1, version: null, sample: [] };

async function choose(page: VueWrapper, name: string, size = 10): Promise<void> {
  const input = page.get('[data-testid="ledger-file"]');
  const file = new File(["x"], name);
  Object.defineProperty(file, "size", { value: size });
  Object.defineProperty(input.element, "files", { value: [file], configurable: true });
  await input.trigger("change");
  await settle();
}

describe("importing a ledger", () => {
  it("refuses what is no ledger before it is sent", async () => {
    const calls = gateway({});
    const page = await show(ImportPage, "/cameras/import", ["onboard"]);
    for (const [name, size] of [["old.xls", 10], ["big.xlsx", 33 * 1_048_576], ["empty.csv", 0]] as const) {
      await choose(page, name, size);
      expect(page.get('[role="alert"]').text()).not.toBe("");
    }
    expect(calls).toEqual([]);
  });

  it("goes from file to columns to preview, and imports nothing with errors unless told to skip them", async () => {
    const calls = gateway({
      "POST /ledger/files": FILE,
      "POST /ledger/files/f1/preview": { job_id: "j1" },
      "GET /ledger/jobs/j1": () => (calls.some((call) => call.path.endsWith("/import")) ? { ...JOB, state: "done", version: 7 } : JOB),
      "POST /ledger/jobs/j1/import": { ...JOB, state: "importing" },
    });
    const page = await show(ImportPage, "/cameras/import", ["onboard"]);
    await choose(page, "台账.csv");
    expect(page.get('[data-testid="ledger-preview"]').attributes("disabled")).toBeDefined();
    await page.get('[data-field="lon"] select').setValue("X");
    await page.get('[data-testid="ledger-preview"]').trigger("click");
    await settle();
    expect(calls.find((call) => call.path.endsWith("/preview"))?.body).toEqual({ mapping: { name: "名称", lon: "X" }, defaults: {} });
    expect(page.get('[data-testid="ledger-errors"]').text()).toContain("abc");
    expect(page.get('[data-testid="ledger-import"]').attributes("disabled")).toBeDefined();
    await page.get('[data-testid="skip-errors"]').setValue(true);
    await page.get("form.go").trigger("submit");
    await settle();
    expect(calls.find((call) => call.path.endsWith("/import"))?.body).toMatchObject({ skip_errors: true });
    expect(page.find('[data-testid="ledger-done"]').exists()).toBe(true);
  });

  it("is not for everybody", async () => {
    gateway({});
    const page = await show(ImportPage, "/cameras/import", ["camera.read"]);
    expect(page.find('[data-testid="ledger-file"]').exists()).toBe(false);
  });
});

describe("onboarding", () => {
  it("goes step by step from an address to a saved camera", async () => {
    const profile = { token: "p1", name: "main", source: "v", role: "main", codec: "h264", width: 1920, height: 1080, fps: 25, bitrate_kbps: 1, movable: false, stream_url: "rtsp://10.1.2.5/1", snapshot_url: null };
    const calls = gateway({
      "GET /placement": { classes: [{ id: "public_road", zh: "公共道路", en: "Road" }], forbidden: [{ id: "toilet", zh: "卫生间", en: "Toilet", article: "第八条" }], legal_bases: [{ id: "art7_gov", zh: "第七条", en: "7" }] },
      "POST /onboarding/connect": (asked: Asked) => ((asked.body as { password: string }).password === "right" ? { connection_id: "k1", device: null, clock: null, profiles: [profile], presets: [], quirks: [] } : { status: 422, code: "auth_failed" }),
      "POST /onboarding/k1/probe": { streams: [{ token: "p1", code: null, codec: "h264", width: 1920, height: 1080, fps: 25, gop_s: 12, bitrate_kbps: 2000, clock_offset_s: 45, took_s: 2 }] },
      "GET /grids/at": { grid_ids: ["g1"] },
      "POST /onboarding/k1/save": { id: "cam-10-1-2-5", version: 1, document: {}, problems: [] },
    });
    const page = await show(OnboardPage, "/cameras/onboard", ["onboard"]);
    const next = async () => {
      await page.get('[data-testid="next"]').trigger("click");
      await settle();
      await settle();
    };
    await page.get('[data-testid="way-hand"]').setValue(true);
    await page.get('[data-testid="address"]').setValue("10.1.2.5");
    await page.get("form.ask").trigger("submit");
    await next();
    expect(router.currentRoute.value.query.step).toBe("connect");
    await page.get('[data-testid="camera-user"]').setValue("admin");
    await page.get('[data-testid="camera-password"]').setValue("wrong");
    await page.get("form.ask").trigger("submit");
    await settle();
    expect(page.get('[data-testid="device-fault"]').text()).toContain("锁定");
    expect(page.get('[data-testid="connect"]').attributes("disabled")).toBeDefined();
    await page.get('[data-testid="camera-password"]').setValue("right");
    await page.get("form.ask").trigger("submit");
    await settle();
    await next();
    expect(page.text()).toContain("12 秒");
    expect(page.text()).toContain("关键帧间隔太长");
    expect(page.text()).toContain("快 45 秒");
    await next();
    await page.get('[data-testid="place-name"]').setValue("东街");
    await page.get('[data-testid="place-position"]').setValue("100.05, 38.05");
    await settle();
    await next();
    await page.get('[data-testid="legal-purpose"]').setValue("消防通道");
    await page.get('[data-testid="legal-installer"]').setValue("街道");
    await page.get('[data-testid="legal-basis"]').setValue("art7_gov");
    await page.get('[data-testid="legal-placement"]').setValue("toilet");
    expect(page.get('[data-testid="legal-refused"]').text()).toContain("第八条");
    expect(page.get('[data-testid="next"]').attributes("disabled")).toBeDefined();
    await page.get('[data-testid="legal-placement"]').setValue("public_road");
    await next();
    await next();
    await page.get('[data-testid="save-all"]').trigger("click");
    await settle();
    const saved = calls.find((call) => call.path.endsWith("/save"))?.body as { document: Record<string, unknown>; reason: string };
    expect(saved.document).toMatchObject({ id: "cam-10-1-2-5", name: "东街", grids: ["g1"], position: { lon: 100.05, lat: 38.05 }, legal: { placement_class: "public_road" } });
    expect(JSON.stringify(saved)).not.toContain("right");
    expect(page.get('[data-testid="saved-all"]').text()).toContain("1 台");
  }, WHOLE_WAY_MS);

  it("connects anew where the gateway has let the connection go", async () => {
    const { useOnboarding } = await import("@/desk/find/useOnboarding");
    let reached = 0;
    const calls = gateway({
      "POST /onboarding/connect": () => ({ connection_id: `k${++reached}`, device: null, clock: null, profiles: [{ token: "p", source: "v", role: "main", width: 1, height: 1, stream_url: "rtsp://h/1" }], presets: [], quirks: [] }),
      "POST /onboarding/k2/probe": { streams: [{ token: "p", code: null }] },
    });
    let desk!: ReturnType<typeof useOnboarding>;
    await show({ setup: () => ((desk = useOnboarding()), () => null) }, "/", []);
    desk.act({ kind: "add", device: { xaddr: "http://h/onvif/device_service", host: "h" } });
    desk.credentials.password = "first";
    await desk.connectAll();
    desk.credentials.password = "typed later";
    await desk.probe("http://h/onvif/device_service");
    expect(desk.state.value.devices[0]?.probe.state).toBe("ok");
    expect(calls.filter((call) => call.path.endsWith("/connect")).map((call) => (call.body as { password: string }).password)).toEqual(["first", "first"]);
  });
});

const SUMMARY: HealthSummary = {
  cameras: 15_000, online_rate: 0.9899, intact_rate: null, recording_rate: null, recording_events: 0,
  trend: [{ day: "2026-05-01", online_rate: 0.97, intact_rate: null }, { day: "2026-05-02", online_rate: 0.99, intact_rate: 0.9 }],
  faults: { "camera_fault.black": 3, "camera_fault.moved": 0 }, sites_down: [{ key: "g1", name: "东街机房", cameras: 12, since: "2026-05-01T08:00:00Z" }],
};
const FAULTY: HealthCamera = {
  camera_id: "cam1", name: "East", place: "P", grid_name: "G", state: "offline", since: null,
  faults: [{ type: "camera_fault.black", since: "2026-05-01T08:00:00Z", severity: "S3", event_id: "ev1" }],
  needs_technician: true, site_down: "g1", clock_offset_s: -40, coverage: { looked: 0.5, offline: 0.25, paused: 0.25 },
};

describe("the health board", () => {
  const answers: Answers = { "GET /health/summary": SUMMARY, "GET /health/cameras": { items: [FAULTY], next_cursor: null, found: 1 } };

  it("begins with what a technician must see to, sites that are down first", async () => {
    const calls = gateway(answers);
    const page = await show(HealthPage, "/health", ["camera.health", "camera.read"]);
    expect(page.get('[data-testid="sites-down"]').text()).toContain("东街机房");
    expect(page.get('[data-testid="rate-online"]').text()).toContain("98.9 %");
    expect(calls.find((call) => call.path === "/health/cameras")?.query.get("needs_technician")).toBe("true");
    expect(page.get('[data-testid="work-order"]').attributes("href")).toContain("needs_technician=true");
    await page.get('[data-testid="needs-technician"]').setValue(false);
    await settle();
    expect(calls.filter((call) => call.path === "/health/cameras").at(-1)?.query.get("needs_technician")).toBeNull();
  });

  it("shows a maintainer how a camera is, and no way to its pictures", async () => {
    gateway(answers);
    const page = await show(HealthPage, "/health", ["camera.health", "camera.read"]);
    expect(page.find('[data-testid="health-row"]').exists()).toBe(true);
    expect(page.find('[data-testid="fault-evidence"]').exists()).toBe(false);
    expect(page.find("img").exists()).toBe(false);
  });

  it("asks nothing for somebody without the right", async () => {
    const calls = gateway(answers);
    const page = await show(HealthPage, "/health", ["camera.read"]);
    expect(calls).toEqual([]);
    expect(page.find('[data-testid="health-row"]').exists()).toBe(false);
  });

  it("does not blame the site for a camera that still answers", async () => {
    const row = await show(HealthRow, "/", [], { camera: { ...FAULTY, state: "online" } });
    expect(row.text()).not.toContain("随点位中断");
  });

  it("leads others to reference and present picture of a fault", async () => {
    const row = await show(HealthRow, "/", ["footage.view", "review.read"], { camera: FAULTY });
    expect(row.get('[data-testid="fault-evidence"]').attributes("href")).toBe("/events/ev1");
    expect(row.text()).toContain("慢 40 秒");
    expect(row.text()).toContain("66.6 %");
  });

  it("says on every page that a site is down", async () => {
    gateway({ "GET /health/summary": { ...SUMMARY, sites_down: [...SUMMARY.sites_down, ...SUMMARY.sites_down] } });
    const alarm = await show(SiteAlarm, "/", ["camera.health"]);
    expect(alarm.text()).toContain("2 个点位");
  });
});

describe("trends", () => {
  it("leave gaps where nothing is known, and mark lonely days", () => {
    const trend = trendOf([{ day: "a", rate: 0.9 }, { day: "b", rate: 1 }, { day: "c", rate: null }, { day: "d", rate: 0.95 }], 30, 10);
    expect(trend.paths).toEqual(["M0 6.7L10 0"]);
    expect(trend.dots).toHaveLength(1);
    expect(trend.lowest).toEqual({ day: "a", rate: 0.9 });
  });

  it("stand on a bottom a little below the lowest, never below nothing", () => {
    expect([bottomOf([0.97]), bottomOf([0.02]), bottomOf([1]), bottomOf([])].map((low) => Math.round(low * 100))).toEqual([90, 0, 95, 0]);
  });

  it("of nothing say so", async () => {
    const card = await show(RateCard, "/", [], { title: "T", hint: "H", rate: null, trend: [] });
    expect(card.find("svg").exists()).toBe(false);
    expect(card.text()).toContain("还没有往日的数据");
  });

  it("of a day count what was due and not what was meant", () => {
    expect(watchedShare({ looked: 0.5, offline: 0.25, paused: 0.25 })).toBeCloseTo(2 / 3);
    expect(watchedShare({ paused: 1 })).toBeNull();
    expect(watchedShare({})).toBeNull();
  });
});
