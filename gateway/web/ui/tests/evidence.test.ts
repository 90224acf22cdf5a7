import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it } from "vitest";
import type { EventType, Evidence, ReviewDetail, Right } from "@/api/types";
import PicturePair from "@/components/PicturePair.vue";
import { pairOf } from "@/domain/evidence";
import { exactText } from "@/domain/time";
import { sentence, typeName } from "@/domain/words";
import { i18n } from "@/locales";
import { useSessionStore } from "@/stores/session";
import { makeDetail, makeEvent, makeSession } from "./make";

const WELL_AT = "2026-05-01T07:51:30Z";

function file(kind: Evidence["kind"], takenAt?: string, id = `evi_${kind}`): Evidence {
  return {
    id, kind, content_type: kind === "clip" ? "video/mp4" : "image/jpeg", size_bytes: 1, sha256: "0", width: 640, height: 360,
    duration_s: 0, codec: "", masked: false, url: "",
    segments: takenAt ? [{ clip_start_s: 0, duration_s: 0, wall_start: takenAt }] : [],
  };
}

function fault(...evidence: Evidence[]): ReviewDetail {
  const event = makeEvent({ event_type: "camera_fault.covered", zone_name: null, boxes: [], zone_polygon: [] });
  const reference_id = evidence.find(({ kind }) => kind === "reference")?.id ?? null;
  return { ...makeDetail("i1"), event, evidence, reference_id };
}

function show(entry: ReviewDetail, detail: ReviewDetail | null = entry) {
  return mount(PicturePair, { props: { entry, detail }, global: { plugins: [i18n] } });
}

beforeEach(() => {
  setActivePinia(createPinia());
  useSessionStore().session = makeSession();
});

describe("the picture of when all was well", () => {
  it("is not shown where there is none: the page stays as it was", () => {
    const plain = fault(file("clip"), file("snapshot"), file("snapshot", undefined, "evi_look"));
    expect(pairOf(plain, plain)).toBeNull();
    expect(show(plain).find("section").exists()).toBe(false);
    // An entry that this browser kept from before the gateway knew of such pictures.
    expect(pairOf({ ...plain, reference_id: undefined as never }, null)).toBeNull();
  });

  it("is not asked for by somebody who may not look", () => {
    const session = makeSession();
    useSessionStore().session = { ...session, rights: session.rights.filter((right: Right) => right !== "footage.view") };
    expect(show(fault(file("snapshot"), file("reference"))).find("img").exists()).toBe(false);
  });

  it("stands before the one of now, each with its word, its time and an alternative text", () => {
    const pictures = show(fault(file("clip"), file("snapshot"), file("reference", WELL_AT)));
    const sides = pictures.findAll("figure");
    const [well, raised] = [exactText(new Date(WELL_AT)), exactText(new Date("2026-05-01T08:03:00Z"))];
    expect(sides.map((side) => side.text())).toEqual([`正常时${well}`, `现在${raised}`]);
    expect(pictures.findAll("img").map((image) => image.attributes("alt"))).toEqual([
      `摄像机正常时的画面，${well}`, `告警时的画面，${raised}`,
    ]);
    expect(pictures.findAll("a").map((link) => link.attributes("href"))).toEqual([
      "/api/v1/evidence/evi_reference", "/api/v1/evidence/evi_snapshot",
    ]);
  });

  it("has its place before the detail has come: nothing jumps, and no picture is called missing", async () => {
    const whole = fault(file("reference", WELL_AT), file("snapshot"));
    const pictures = show(whole, null);
    expect(pictures.findAll("figure")).toHaveLength(2);
    expect(pictures.findAll("img").map((image) => image.attributes("alt"))).toEqual(["正常时"]);
    expect(pictures.text()).not.toContain("没有取到画面");
    await pictures.setProps({ detail: whole });
    expect(pictures.findAll("img")).toHaveLength(2);
  });

  it("says so when no picture of now came, or one cannot be opened", async () => {
    const pictures = show(fault(file("reference", WELL_AT)));
    expect(pictures.get('[data-testid="picture-now"]').text()).toContain("没有取到画面");
    await pictures.get("img").trigger("error");
    expect(pictures.get('[data-testid="picture-reference"]').text()).toContain("图片打不开");
    await pictures.setProps({ entry: { ...fault(file("reference", WELL_AT)), event: makeEvent({ id: "ev2" }) } });
    expect(pictures.find("img").exists()).toBe(true);
  });
});

describe("faults of a camera", () => {
  const table = readFileSync(join(__dirname, "../../../../camera_configs/event_types.yaml"), "utf8");
  const rows = [...table.matchAll(/- id: (camera_fault\.\w+)\n\s+zh: (.+)\n\s+en: (.+)\n/g)];
  const taxonomy = rows.map(([, id, zh, en]) => ({ id, zh, en }) as EventType);

  it("have a name in both languages, and it is the name that is said", () => {
    const ids = taxonomy.map(({ id }) => id.split(".")[1]);
    expect(ids).toEqual(expect.arrayContaining([
      "frozen", "covered", "blurred", "too_bright", "too_dark", "noise", "streak", "colour_cast", "moved", "clock", "loss", "black",
    ]));
    const { t, te } = i18n.global;
    for (const { id, zh, en } of taxonomy) {
      const event = makeEvent({ event_type: id, zone_name: null });
      for (const [locale, name] of [["zh-CN", zh], ["en", en]] as const) {
        const speaker = { t: t as never, te: te as never, locale };
        expect(typeName(id, taxonomy, speaker)).toBe(name);
        expect(sentence({ event, place: "P" }, taxonomy, speaker)).toMatch(`P · ${name}`);
      }
    }
  });
});
