import type { EventType, SceneEvent } from "@/api/types";
import { durationWords, type Translate } from "./time";

/** What vue-i18n offers for asking whether a message exists. */
export interface Speaker {
  t: Translate;
  te: (key: string) => boolean;
  locale: string;
}

const ANIMATE = ["person", "vehicle", "nonmotor", "animal"];

/** "东街 3 号" and "消防通道" read as one place; a zone already named in the place is not said twice. */
export function whereWords(place: string, zoneName: string | null, locale: string): string {
  if (!zoneName || place.includes(zoneName)) return place;
  return locale === "zh-CN" ? `${place}${zoneName}` : `${place}, ${zoneName}`;
}

export function typeKey(eventType: string): string {
  return eventType.split(".")[0] ?? eventType;
}

/** The taxonomy's own name comes first: a city may have renamed or added types. */
export function typeName(eventType: string, taxonomy: readonly EventType[], say: Speaker): string {
  const entry = taxonomy.find((type) => type.id === eventType);
  if (entry) return say.locale === "zh-CN" ? entry.zh : entry.en;
  const key = `eventType.${typeKey(eventType)}`;
  return say.te(key) ? say.t(key) : say.t("eventType.unknown");
}

export function objectName(label: string, say: Speaker): string {
  const key = `object.${label}`;
  return label && say.te(key) ? say.t(key) : say.t("object.thing");
}

export function lastedMs(event: SceneEvent): number {
  const end = event.ended_at ?? event.last_seen_at;
  return Math.max(0, Date.parse(end) - Date.parse(event.started_at));
}

/** "有车辆停留 6 分钟": what is seen and for how long, never a score. */
export function whatWords(event: SceneEvent, taxonomy: readonly EventType[], say: Speaker): string {
  const key = `said.${typeKey(event.event_type)}`;
  const parts = {
    time: durationWords(lastedMs(event), say.t),
    what: objectName(ANIMATE.includes(event.label) ? event.label : "thing", say),
    n: event.count,
    type: typeName(event.event_type, taxonomy, say),
  };
  // A camera fault has many kinds with names of their own: say the name, not the family's sentence.
  const own = say.te(key) && !event.event_type.includes(".");
  return say.t(own ? key : "said.generic", parts);
}

export function sentence(
  entry: { event: SceneEvent; place: string },
  taxonomy: readonly EventType[],
  say: Speaker,
): string {
  const where = whereWords(entry.place, entry.event.zone_name, say.locale);
  return `${where} · ${whatWords(entry.event, taxonomy, say)}`;
}
