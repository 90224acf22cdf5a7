/** What an entry of the site is made of, and how its drafts change. */
import type { EntryDoc, EntryKind, SiteEntry } from "@/api/site";
import type { Point } from "@/api/types";

export interface Field {
  key: string; // "deadline/amount": inside a group
  kind: "text" | "number" | "choice";
  choices?: readonly string[]; // words: site.choice.KEY.CHOICE
  fixed?: boolean; // names the entry: only of a new one
}

export const FIELDS: Record<Exclude<EntryKind, "calendar">, readonly Field[]> = {
  region: [{ key: "code", kind: "text", fixed: true }, { key: "name", kind: "text" }],
  grid: [
    { key: "id", kind: "text", fixed: true },
    { key: "name", kind: "text" },
    { key: "code", kind: "text" },
    { key: "kind", kind: "choice", choices: ["base", "dedicated"] },
    { key: "region_code", kind: "text" },
  ],
  event_type: [
    { key: "zh", kind: "text" },
    { key: "en", kind: "text" },
    { key: "severity", kind: "choice", choices: ["S1", "S2", "S3", "S4"] },
    { key: "dwell_s", kind: "number" },
    { key: "cadence_s", kind: "number" },
    { key: "deadline/amount", kind: "number" },
    { key: "deadline/unit", kind: "choice", choices: ["min", "h", "wh", "wd"] },
    { key: "department/zh", kind: "text" },
    { key: "department/en", kind: "text" },
    { key: "cm_code", kind: "text" },
    { key: "ga_code", kind: "text" },
    { key: "gb_code", kind: "text" },
  ],
};

const ID_KEYS: Record<EntryKind, string> = { calendar: "year", grid: "id", region: "code", event_type: "id" };
// Of an event type: empty means that there is no code.
const MAY_LACK = new Set(["cm_code", "ga_code", "gb_code"]);
const DAY_MS = 86_400_000;
const MOST_RANGE_DAYS = 31;

export const idKey = (kind: EntryKind): string => ID_KEYS[kind];

export function emptyDoc(kind: EntryKind, region = ""): EntryDoc {
  if (kind === "calendar") return { year: "", holidays: [], make_up_days: [] };
  if (kind === "grid") return { id: "", code: "", name: "", region_code: region };
  return { code: "", name: "" };
}

/** Return a field's value: of an event type what holds, of other entries what is written. */
export function valueOf(entry: Pick<SiteEntry, "effective">, doc: EntryDoc, key: string): string {
  const [group = "", inner] = key.split("/");
  const own = doc[group] ?? entry.effective?.[group];
  const value = inner ? (own as EntryDoc | undefined)?.[inner] : own;
  if (value === undefined && key === "kind") return "base";
  return value === undefined || value === null ? "" : String(value);
}

/** Return the draft with a field changed; a group is written whole. */
export function withValue(entry: Pick<SiteEntry, "effective">, doc: EntryDoc, field: Field, text: string): EntryDoc {
  const [group = "", inner] = field.key.split("/");
  const typed = field.kind === "number" ? Number(text) : text.trim();
  const value = typed === "" && MAY_LACK.has(field.key) ? null : typed;
  if (!inner) return { ...doc, [group]: value };
  const before = (doc[group] ?? entry.effective?.[group] ?? {}) as EntryDoc;
  return { ...doc, [group]: { ...before, [inner]: value } };
}

export function nameOf(kind: EntryKind, entry: SiteEntry, locale: string): string {
  const shown = entry.effective ?? entry.document;
  if (kind === "calendar") return entry.id;
  if (kind === "event_type") return String(locale.startsWith("zh") ? shown.zh : shown.en);
  return String(shown.name ?? entry.id);
}

/** Add a day, or all days up to another one, in order and each once. */
export function withDays(days: readonly string[], from: string, to: string): string[] {
  const last = to && to > from ? to : from;
  const found: string[] = [];
  for (let at = Date.parse(from); at <= Date.parse(last) && found.length < MOST_RANGE_DAYS; at += DAY_MS) {
    found.push(new Date(at).toISOString().slice(0, 10));
  }
  return [...new Set([...days, ...found])].sort();
}

/** Put a corner into an outline where it makes the least detour. */
export function withCorner(outline: readonly Point[], at: Point): Point[] {
  if (outline.length < 3) return [...outline, at];
  const far = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1]);
  let best = 0;
  let least = Infinity;
  for (const [n, corner] of outline.entries()) {
    const next = outline[(n + 1) % outline.length] as Point;
    const detour = far(corner, at) + far(at, next) - far(corner, next);
    if (detour < least) [best, least] = [n + 1, detour];
  }
  return [...outline.slice(0, best), at, ...outline.slice(best)];
}

/** Read corners typed as "longitude, latitude", a line each; null where a line is none. */
export function readOutline(text: string): Point[] | null {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const corners = lines.map((line) => line.split(/[^\d.+-]+/).filter(Boolean).map(Number));
  return corners.every((c) => c.length === 2 && c.every(Number.isFinite)) ? (corners as unknown as Point[]) : null;
}
