/** Two people changed one camera: what each changed, part by part, and both together where they do not meet. */
import type { CameraDoc, Change } from "@/api/config";

type Parts = Map<string, unknown>; // by path; only leaves, lists of points and of words being leaves
const KEYED: Record<string, string> = { presets: "id", zones: "id", rules: "id", streams: "role" };

// Read and changed as one thing.
const WHOLE = ["schedule", "perspective"];

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function keyOf(field: string, entry: Record<string, unknown>): string {
  return String(entry[KEYED[field] as string] ?? (field === "streams" ? "main" : ""));
}

function walk(path: string, value: unknown, parts: Parts): void {
  if (!isGroup(value) || WHOLE.some((name) => path.endsWith(name))) {
    parts.set(path, value);
    return;
  }
  for (const [name, inner] of Object.entries(value)) walk(path ? `${path}.${name}` : name, inner, parts);
}

/** Cut a document into its parts; entries of zones, rules and streams are named, "rules[r1].dwell_s". */
export function partsOf(document: CameraDoc): Parts {
  const parts: Parts = new Map();
  for (const [field, value] of Object.entries(document)) {
    if (field in KEYED && Array.isArray(value)) {
      for (const entry of value as Record<string, unknown>[]) walk(`${field}[${keyOf(field, entry)}]`, entry, parts);
    } else walk(field, value, parts);
  }
  return parts;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
const entryOf = (path: string): string | null => /^\w+\[[^\]]*\]/.exec(path)?.[0] ?? null;

/** Return what differs, path by path; an entry that came or went is one change. */
export function changesBetween(before: CameraDoc, after: CameraDoc): Change[] {
  const [old, now] = [partsOf(before), partsOf(after)];
  const entries = (parts: Parts) => new Set([...parts.keys()].map(entryOf));
  const [oldEntries, nowEntries] = [entries(old), entries(now)];
  const found = new Map<string, Change>();
  for (const path of new Set([...old.keys(), ...now.keys()])) {
    if (same(old.get(path), now.get(path))) continue;
    const entry = entryOf(path);
    const whole = entry !== null && oldEntries.has(entry) !== nowEntries.has(entry);
    if (whole) found.set(entry, { path: entry, before: find(before, entry), after: find(after, entry) });
    else found.set(path, { path, before: old.get(path) ?? null, after: now.get(path) ?? null });
  }
  return [...found.values()];
}

function find(document: CameraDoc, entry: string): unknown {
  const [, field = "", key = ""] = /^(\w+)\[([^\]]*)\]/.exec(entry) ?? [];
  const list = (document[field] ?? []) as Record<string, unknown>[];
  return list.find((one) => keyOf(field, one) === key) ?? null;
}

function setIn(target: Record<string, unknown>, names: readonly string[], value: unknown): void {
  const [name = "", ...rest] = names;
  if (rest.length > 0) {
    const inner = isGroup(target[name]) ? { ...target[name] } : {};
    setIn(inner, rest, value);
    target[name] = inner;
  } else if (value === null) delete target[name];
  else target[name] = value;
}

function apply(document: CameraDoc, change: Change): CameraDoc {
  const [, field, key, rest = ""] = /^(\w+)\[([^\]]*)\]\.?(.*)$/.exec(change.path) ?? [];
  if (!field) {
    const next = { ...document };
    setIn(next, change.path.split("."), change.after);
    return next;
  }
  const list = (document[field] ?? []) as Record<string, unknown>[];
  const at = list.findIndex((entry) => keyOf(field, entry) === key);
  if (rest === "") return { ...document, [field]: withEntry(list, at, change.after) };
  if (at < 0) return document;
  const entry = { ...list[at] };
  setIn(entry, rest.split("."), change.after);
  return { ...document, [field]: list.map((old, i) => (i === at ? entry : old)) };
}

function withEntry(list: Record<string, unknown>[], at: number, entry: unknown): unknown[] {
  if (entry === null) return list.filter((_, i) => i !== at);
  return at < 0 ? [...list, entry] : list.map((old, i) => (i === at ? entry : old));
}

const touches = (a: string, b: string): boolean =>
  a === b || (a === entryOf(b) && !a.includes(".")) || (b === entryOf(a) && !b.includes("."));

export interface Merged {
  document: CameraDoc;
  clashes: Change[]; // mine that meet what they changed; not applied
}

/** Do my changes again on what the other person saved. What both changed stays theirs and is named. */
export function reapplied(base: CameraDoc, mine: CameraDoc, theirs: CameraDoc): Merged {
  const foreign = changesBetween(base, theirs);
  const clashes: Change[] = [];
  let document = theirs;
  for (const change of changesBetween(base, mine)) {
    const met = foreign.find((other) => touches(other.path, change.path));
    if (!met) document = apply(document, change);
    else if (!same(met.after, change.after)) clashes.push(change);
  }
  return { document, clashes };
}
