/** A change in words: "Rule Fire lane · stays for: 3 min → 5 min". */
import type { CameraDoc, Change, PerspectiveDoc } from "@/api/config";
import { durationWords, type Translate } from "@/domain/time";
import { percent } from "./nudge";
import { hoursOf, scheduleWords } from "./schedule";

export interface Lexicon {
  t: Translate;
  te: (key: string) => boolean;
  typeName: (id: string) => string;
  gridName: (id: string) => string;
  cameras: readonly CameraDoc[]; // where names of zones and rules are looked up, newest first
}

export interface ChangeLine {
  subject: string; // "Rule Fire lane", "" for the camera itself
  field: string;
  before: string;
  after: string;
  kind: "added" | "removed" | "changed";
  path: string;
}

const ENTRY = /^(presets|zones|rules|streams)\[([^\]]*)\]\.?(.*)$/;
// In place of a password.
export const HIDDEN = "••••";
const SECONDS = /_s$/;
const KEYS: Record<string, (value: string) => string> = {
  kind: (value) => `zoneKind.${value}`,
  objects: (value) => `object.${value}`,
  severity: (value) => `severity.${value}`,
  legal_basis: (value) => `legalBasis.${value}`,
  placement_class: (value) => `placement.${value}`,
  weekdays: (value) => `edit.weekday.${value}`,
  analyse: (value) => `edit.analyse.${value}`,
};

function nameOf(list: string, key: string, change: Change, words: Lexicon): string {
  const whole = (change.after ?? change.before) as Record<string, unknown> | null;
  const inline = ENTRY.exec(change.path)?.[3] === "" ? whole : null;
  const known = words.cameras.flatMap((doc) => (doc[list] ?? []) as Record<string, unknown>[]);
  const entry = inline ?? known.find((one) => one.id === key);
  if (list === "rules") return typeof entry?.type === "string" ? words.typeName(entry.type) : key;
  if (list === "streams") return words.te(`camera.stream.${key}`) ? words.t(`camera.stream.${key}`) : key;
  return typeof entry?.name === "string" ? entry.name : key;
}

function fieldWords(path: string, words: Lexicon): string {
  const parts = path.split(".");
  for (let from = 0; from < parts.length; from += 1) {
    const key = `edit.field.${parts.slice(from).join("_")}`;
    if (words.te(key)) return words.t(key);
  }
  return path;
}

function listWords(value: readonly unknown[], last: string, words: Lexicon): string {
  const isPoints = value.length > 0 && value.every((one) => Array.isArray(one));
  if (isPoints) return words.t("edit.change.points", { n: value.length });
  return value.map((one) => wordOf(one, last, words)).join(words.t("edit.listComma")) || words.t("edit.change.nothing");
}

function named(value: string, last: string, words: Lexicon): string {
  if (last === "type" || last === "event_types") return words.typeName(value);
  if (last === "grid" || last === "grids") return words.gridName(value);
  if (last === "preset") return nameOf("presets", value, { path: "", before: null, after: null }, words);
  if (last === "zone") return nameOf("zones", value, { path: "", before: null, after: null }, words);
  const key = KEYS[last]?.(value) ?? "";
  return key && words.te(key) ? words.t(key) : value;
}

function wordOf(value: unknown, last: string, words: Lexicon): string {
  if (last === "password" && value) return HIDDEN;
  if (last === "min_area" && typeof value === "number") return (value * 100).toFixed(2);
  if (value === null || value === undefined) return words.t("edit.change.unset");
  if (typeof value === "boolean") return words.t(value ? "edit.change.yes" : "edit.change.no");
  if (typeof value === "number") return SECONDS.test(last) ? durationWords(value * 1_000, words.t) : String(value);
  if (typeof value === "string") return named(value, last, words);
  if (last === "references" && Array.isArray(value)) return words.t("edit.change.pictures", { n: value.length });
  if (Array.isArray(value)) return listWords(value, last, words);
  if (last === "perspective") return figureWords(value as PerspectiveDoc, words);
  if (last === "schedule") return scheduleWords(hoursOf(value as object), words.t);
  return JSON.stringify(value);
}

function figureWords({ near, far }: PerspectiveDoc, words: Lexicon): string {
  return words.t("edit.change.figures", { near: percent(near.height), far: percent(far.height) });
}

/** Say one change; paths that nobody foresaw are shown as they are. */
export function changeLine(change: Change, words: Lexicon): ChangeLine {
  const [, list, key = "", rest = ""] = ENTRY.exec(change.path) ?? [];
  const field = list ? rest : change.path;
  const kind = change.before === null ? "added" : change.after === null ? "removed" : "changed";
  const subject = list ? words.t(`edit.subject.${list}`, { name: nameOf(list, key, change, words) }) : "";
  const whole = Boolean(list) && rest === "";
  const last = field.split(".").at(-1)?.replace(/\[.*$/, "") ?? "";
  return {
    subject,
    field: whole ? "" : fieldWords(field.replace(/\[[^\]]*\]/g, ""), words),
    before: whole ? "" : wordOf(change.before, last, words),
    after: whole ? "" : wordOf(change.after, last, words),
    kind: whole ? kind : "changed",
    path: change.path,
  };
}
