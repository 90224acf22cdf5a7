import { mount, type ComponentMountingOptions } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it } from "vitest";
import type { Component } from "vue";
import CaseTimeline from "@/components/CaseTimeline.vue";
import ClipScrubber from "@/components/ClipScrubber.vue";
import SceneOverlay from "@/components/SceneOverlay.vue";
import SeverityMark from "@/components/SeverityMark.vue";
import StatePanel from "@/components/StatePanel.vue";
import VerdictBar from "@/components/VerdictBar.vue";
import { ApiProblem } from "@/api/problem";
import { i18n } from "@/locales";
import { safeNext } from "@/router";

function show<C extends Component>(component: C, props: Record<string, unknown>) {
  return mount(component as Component, { props, global: { plugins: [i18n] } } as ComponentMountingOptions<Component>);
}

beforeEach(() => setActivePinia(createPinia()));

describe("the verdict bar", () => {
  it("gives a verdict with one tap", async () => {
    const bar = show(VerdictBar, { itemId: "i1", desk: false });
    await bar.get('[data-testid="verdict-confirmed"]').trigger("click");
    expect(bar.emitted("judge")).toEqual([[{ verdict: "confirmed" }]]);
  });

  it("asks why it is a false alarm, and takes no answer for an answer", async () => {
    const bar = show(VerdictBar, { itemId: "i1", desk: false });
    await bar.get('[data-testid="verdict-rejected"]').trigger("click");
    expect(bar.emitted("judge")).toBeUndefined();
    await bar.get('[data-testid="reason-rain_snow"]').trigger("click");
    expect(bar.emitted("judge")?.[0]).toEqual([{ verdict: "rejected", reason: "rain_snow" }]);
    await bar.get('[data-testid="reason-none"]').trigger("click");
    expect(bar.emitted("judge")?.[1]).toEqual([{ verdict: "rejected" }]);
  });

  it("starts anew with the next item, note and question gone", async () => {
    const bar = show(VerdictBar, { itemId: "i1", desk: true });
    await bar.get(".note").trigger("click");
    await bar.get("textarea").setValue("wet road");
    await bar.setProps({ itemId: "i2" });
    expect(bar.find("textarea").exists()).toBe(false);
    await bar.get('[data-testid="verdict-on_site"]').trigger("click");
    expect(bar.emitted("judge")).toEqual([[{ verdict: "on_site" }]]);
  });
});

describe("drawings on the picture", () => {
  it("scales zones and boxes to the picture and fits them as the video is fitted", () => {
    const drawn = show(SceneOverlay, {
      width: 1000, height: 500, shapes: [{ kind: "area", points: [[0, 0], [1, 0], [0.5, 1]] }], boxes: [[0.1, 0.2, 0.3, 0.6]],
    });
    expect(drawn.get("svg").attributes()).toMatchObject({ viewBox: "0 0 1000 500", preserveAspectRatio: "xMidYMid meet" });
    expect(drawn.get("polygon").attributes("points")).toBe("0.0,0.0 1000.0,0.0 500.0,500.0");
    expect(Number(drawn.get(".box").attributes("width"))).toBeCloseTo(200);
  });
});

describe("the scrubber", () => {
  const props = {
    at: 2, duration: 10, startedAt: "2026-05-01T08:00:04Z", raisedAt: "2026-05-01T08:00:07Z",
    segments: [{ clip_start_s: 0, duration_s: 10, wall_start: "2026-05-01T08:00:00Z" }],
  };

  it("marks the time before the event, its start and the alarm", () => {
    const scrubber = show(ClipScrubber, props);
    expect(scrubber.get(".track .pre").attributes("style")).toContain("40%");
    expect(scrubber.get(".tick.raise").attributes("style")).toContain("70%");
  });

  it("can be moved by keys and says the wall time", async () => {
    const slider = show(ClipScrubber, props);
    await slider.get('[role="slider"]').trigger("keydown", { key: "ArrowRight" });
    expect(slider.emitted("seek")).toEqual([[3]]);
    expect(slider.get('[role="slider"]').attributes("aria-valuetext")).toMatch(/\d\d:00:02/);
  });
});

describe("states", () => {
  it("says severity as shape and word", () => {
    expect(show(SeverityMark, { severity: "S1" }).text()).toBe("◆紧急");
  });

  it("offers another try only where it can help", () => {
    expect(show(StatePanel, { problem: new ApiProblem("network") }).find("button").exists()).toBe(true);
    expect(show(StatePanel, { problem: new ApiProblem("access_denied", 403) }).find("button").exists()).toBe(false);
  });

  it("shows the way that a case still has before it, and none when it has ended", () => {
    const base = { steps: [{ id: "1", state: "filed", at: "2026-05-01T08:00:00Z", actor_name: "X", note: "" }], deliveries: [] };
    expect(show(CaseTimeline, { case: { ...base, state: "filed" } }).findAll(".ahead")).toHaveLength(5);
    expect(show(CaseTimeline, { case: { ...base, state: "declined" } }).findAll(".ahead")).toHaveLength(0);
  });

  it("shows a state that the platform tells twice once, with all that was said, and again after rework", () => {
    const step = (id: string, state: string, note = "") => ({
      id, state, note, at: `2026-05-01T08:00:0${id}Z`, actor_name: "X",
    });
    const steps = [
      step("1", "accepted"), step("2", "accepted", "number 7"), step("3", "dispatched", "team A"), step("4", "accepted", "number 7"),
      step("5", "rework"), step("6", "dispatched", "team B"),
    ];
    const shown = show(CaseTimeline, { case: { steps, deliveries: [], state: "dispatched" } }).findAll(".done");
    expect(shown.map((stage) => stage.get(".name").text())).toEqual(["受理", "派遣", "返工", "派遣"]);
    expect(shown[0]?.text()).toContain("number 7");
    expect(shown[3]?.text()).toContain("team B");
  });
});

describe("the way back after sign-in", () => {
  it("leads only to pages of our own", () => {
    expect(safeNext("/review/i1?x=1")).toBe("/review/i1?x=1");
    for (const bad of ["//evil.example", "https://evil.example", "/\\evil.example", undefined, ["/a"]]) expect(safeNext(bad)).toBe("/today");
  });
});
