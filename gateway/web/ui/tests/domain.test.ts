import { describe, expect, it } from "vitest";
import type { ClipSegment } from "@/api/types";
import { clipAt, seams, wallAt } from "@/domain/clipTime";
import { deadlineView } from "@/domain/deadline";
import { agoWords, durationWords, sinceText } from "@/domain/time";
import { sentence, typeName, whereWords } from "@/domain/words";
import { i18n } from "@/locales";
import { CHASE_RATE, pace, stale } from "@/live/fragments";
import { makeEvent } from "./make";

const { t, te } = i18n.global;
const zh = { t: t as never, te: te as never, locale: "zh-CN" };
const at = (text: string) => Date.parse(text);

describe("plain words", () => {
  it("says what, where and for how long", () => {
    const event = makeEvent({ zone_name: "消防通道" });
    expect(sentence({ event, place: "东街 3 号" }, [], zh)).toBe("东街 3 号消防通道 · 有车辆停留 6 分钟");
  });

  it("does not say a zone twice that the place names already", () => {
    expect(whereWords("泄洪闸护栏", "护栏", "zh-CN")).toBe("泄洪闸护栏");
    expect(whereWords("Weir", "fence", "en")).toBe("Weir, fence");
    expect(whereWords("Weir", null, "en")).toBe("Weir");
  });

  it("names a type the city added by the taxonomy, and one nobody knows in general", () => {
    const own = { id: "snow", zh: "积雪", en: "Snow", severity: "S3" as const, dwell_s: 1, deadline: { zh: "", en: "" }, needs_model: false, available: true };
    expect(typeName("snow", [own], zh)).toBe("积雪");
    expect(typeName("snow", [], zh)).toBe("场景事件");
    expect(typeName("camera_fault.black", [], zh)).toBe("视频故障");
    const event = makeEvent({ event_type: "snow", zone_name: null });
    expect(sentence({ event, place: "北街" }, [own], zh)).toBe("北街 · 积雪，已持续 6 分钟");
  });

  it("calls an object by no more than its kind", () => {
    const event = makeEvent({ event_type: "zone_intrusion", label: "something_new", zone_name: null });
    expect(sentence({ event, place: "闸" }, [], zh)).toBe("闸 · 有物体进入禁区 6 分钟");
  });
});

describe("times", () => {
  it("says lengths with two units at most", () => {
    const say = (ms: number) => durationWords(ms, zh.t);
    expect([40_000, 6.9 * 60_000, 3_600_000, 3_900_000, 90_000_000].map(say)).toEqual([
      "40 秒", "6 分钟", "1 小时", "1 小时 5 分钟", "1 天 1 小时",
    ]);
  });

  it("calls a moment ahead of our clock just now", () => {
    const now = at("2026-05-01T08:00:00Z");
    expect(agoWords(new Date(now + 3_000), now, zh.t)).toBe("刚刚");
    expect(agoWords(new Date(now - 12_000), now, zh.t)).toBe("12 秒前");
    expect(agoWords(new Date(now - 7_200_000), now, zh.t)).toBe("2 小时前");
  });

  it("gives the date when a camera has been gone since another day", () => {
    const now = new Date(2026, 4, 2, 9, 0).getTime();
    expect(sinceText(new Date(2026, 4, 2, 8, 5), now)).toBe("08:05");
    expect(sinceText(new Date(2026, 4, 1, 8, 5), now)).toBe("05-01 08:05");
  });
});

describe("clip time", () => {
  const segments: ClipSegment[] = [
    { clip_start_s: 0, duration_s: 8, wall_start: "2026-05-01T08:00:00Z" },
    { clip_start_s: 8, duration_s: 4, wall_start: "2026-05-01T08:05:00Z" },
  ];

  it("shows the wall time on both sides of a seam", () => {
    expect(wallAt(segments, 3)).toBe(at("2026-05-01T08:00:03Z"));
    expect(wallAt(segments, 9)).toBe(at("2026-05-01T08:05:01Z"));
    expect(wallAt([], 3)).toBeNull();
  });

  it("never runs past what a segment shows", () => {
    expect(wallAt(segments, 99)).toBe(at("2026-05-01T08:05:04Z"));
  });

  it("puts a moment that was left out at the seam, and one outside nowhere", () => {
    expect(clipAt(segments, at("2026-05-01T08:00:05Z"))).toBe(5);
    expect(clipAt(segments, at("2026-05-01T08:02:00Z"))).toBe(8);
    expect(clipAt(segments, at("2026-05-01T07:00:00Z"))).toBeNull();
    expect(clipAt(segments, at("2026-05-01T09:00:00Z"))).toBeNull();
  });

  it("marks a seam only where something is missing", () => {
    expect(seams(segments)).toEqual([{ atS: 8, skippedMs: 292_000 }]);
    const whole = [segments[0]!, { ...segments[1]!, wall_start: "2026-05-01T08:00:08.040Z" }];
    expect(seams(whole)).toEqual([]);
  });
});

describe("deadline light", () => {
  const timed = { state: "filed" as const, opened_at: "2026-05-01T08:00:00Z", deadline_at: "2026-05-01T09:40:00Z" };
  const light = (time: string) => deadlineView(timed, at(time)).light;

  it("is green to 80 %, yellow to 100 %, red after", () => {
    expect(light("2026-05-01T09:19:59Z")).toBe("green");
    expect(light("2026-05-01T09:20:00Z")).toBe("yellow");
    expect(light("2026-05-01T09:40:00Z")).toBe("yellow");
    expect(light("2026-05-01T09:40:01Z")).toBe("red");
  });

  it("is out when the case has ended or has no deadline", () => {
    expect(deadlineView({ ...timed, state: "closed" }, at("2026-05-02T00:00:00Z")).light).toBe("done");
    expect(deadlineView({ ...timed, deadline_at: null }, 0).light).toBe("none");
  });
});

describe("live edge", () => {
  it("enters a stream that does not begin at zero", () => {
    expect(pace(0, 5_000, 5_004).jumpTo).toBe(5_002.5);
  });

  it("plays a little faster when behind, and jumps when far behind", () => {
    expect(pace(10, 0, 12)).toEqual({ rate: 1, jumpTo: null });
    expect(pace(10, 0, 14)).toEqual({ rate: CHASE_RATE, jumpTo: null });
    expect(pace(10, 0, 30).jumpTo).toBe(28.5);
  });

  it("drops the past only when there is enough of it", () => {
    expect(stale(18, 0)).toBeNull();
    expect(stale(30, 0)).toBe(15);
  });
});
