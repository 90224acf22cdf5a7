/** A rule as one sentence, and the few degrees in which people think of numbers. */
import type { RuleDoc, SiteEventType, ZoneDoc } from "@/api/config";
import { durationWords, type Translate } from "@/domain/time";

interface Words {
  t: Translate;
  typeName: (id: string) => string;
  objectName: (label: string) => string;
}

export const CARE = { keen: 0.25, usual: 0.35, careful: 0.55 } as const;
export type Care = keyof typeof CARE;

/** How sure a sighting must be, as the nearest of three words. */
export function careOf(confidence: number): Care {
  const names = Object.keys(CARE) as Care[];
  return names.reduce((best, name) => (Math.abs(CARE[name] - confidence) < Math.abs(CARE[best] - confidence) ? name : best));
}

export function dwellOf(rule: RuleDoc, types: readonly SiteEventType[]): number | null {
  return rule.dwell_s ?? types.find((type) => type.id === rule.type)?.default_rule.dwell_s ?? null;
}

/** Types that tell kinds of things apart ask for them. */
export function asksObjects(type: SiteEventType | undefined): boolean {
  return type?.technique === "objects";
}

const COUNTED = ["crowding", "congestion", "nonmotor_parking"];

/** Where a number of things is what the rule is about. */
export function asksCount(type: string): boolean {
  return COUNTED.includes(type);
}

/** "东侧通道：车辆持续 3 分钟，提示占用消防车通道". */
export function ruleSentence(rule: RuleDoc, zones: readonly ZoneDoc[], types: readonly SiteEventType[], w: Words): string {
  const where = rule.zone ? (zones.find((zone) => zone.id === rule.zone)?.name ?? rule.zone) : w.t("camera.wholePicture");
  const names = (rule.objects ?? []).map(w.objectName).join(w.t("edit.listOr"));
  const count = rule.min_count ?? 1;
  const what = names && count > 1 ? w.t("edit.rule.atLeast", { n: count, what: names }) : names || w.typeName(rule.type);
  const dwell = dwellOf(rule, types);
  const time = dwell === null ? "" : durationWords(dwell * 1_000, w.t);
  if (!dwell) return w.t("edit.rule.sentenceAtOnce", { where, what });
  // The type's own name needs not be said twice.
  return w.t(names ? "edit.rule.sentence" : "edit.rule.sentenceType", { where, what, time, type: w.typeName(rule.type) });
}

export const UNITS = { s: 1, min: 60, h: 3_600 } as const;
export type Unit = keyof typeof UNITS;

/** The largest unit in which so many seconds are a whole number. */
export function unitOf(seconds: number): Unit {
  if (seconds > 0 && seconds % UNITS.h === 0) return "h";
  return seconds > 0 && seconds % UNITS.min === 0 ? "min" : "s";
}
