/** Changes to a camera's document, each giving a new one. Ids are made here: nobody should have to invent them. */
import type { CameraDoc, PresetDoc, RuleDoc, SiteEventType, ZoneDoc, ZoneKind } from "@/api/config";
import type { Point } from "@/api/types";

export function zonesOf(document: CameraDoc): ZoneDoc[] {
  return document.zones ?? [];
}

export function rulesOf(document: CameraDoc): RuleDoc[] {
  return document.rules ?? [];
}

export function kindOf(zone: ZoneDoc): ZoneKind {
  return zone.kind ?? "area";
}

// What can be told of things that go over a line.
const OVER_LINES = ["zone_intrusion", "water_intrusion", "stray_livestock", "wrong_way"];

/** Say whether a rule of that type can look into a zone of that kind. */
export function takes(type: string, kind: ZoneKind): boolean {
  return kind === "area" || (kind === "line" && OVER_LINES.includes(type));
}

/** Return the first of "area-1", "area-2" ... that nobody has. */
export function freeId(stem: string, taken: readonly string[]): string {
  let n = 1;
  while (taken.includes(`${stem}-${n}`)) n += 1;
  return `${stem}-${n}`;
}

/** Ids allow hyphens only. */
export function newZone(document: CameraDoc, kind: ZoneKind, polygon: Point[], name: string, preset: string | null = null): ZoneDoc {
  const stem = kind === "privacy_mask" ? "mask" : kind;
  const id = freeId(stem, zonesOf(document).map((zone) => zone.id));
  return { id, name, polygon, ...(kind === "area" ? {} : { kind }), ...(preset === null ? {} : { preset }) };
}

export function withZone(document: CameraDoc, zone: ZoneDoc): CameraDoc {
  const zones = zonesOf(document);
  const known = zones.some((old) => old.id === zone.id);
  return { ...document, zones: known ? zones.map((old) => (old.id === zone.id ? zone : old)) : [...zones, zone] };
}

export function rulesIn(document: CameraDoc, zoneId: string): RuleDoc[] {
  return rulesOf(document).filter((rule) => rule.zone === zoneId);
}

/** Take a zone away, and with it the rules that look into it: a rule without its zone would watch everything. */
export function withoutZone(document: CameraDoc, zoneId: string): CameraDoc {
  return {
    ...document,
    zones: zonesOf(document).filter((zone) => zone.id !== zoneId),
    rules: rulesOf(document).filter((rule) => rule.zone !== zoneId),
  };
}

export function presetsOf(document: CameraDoc): PresetDoc[] {
  return document.presets ?? [];
}

/** Say whether a zone is drawn on a view: its own preset's, or any where it has none. */
export function isIn(zone: ZoneDoc, preset: string | null): boolean {
  return (zone.preset ?? null) === null || zone.preset === preset;
}

export function withPreset(document: CameraDoc, preset: PresetDoc): CameraDoc {
  const presets = presetsOf(document);
  const known = presets.some((old) => old.id === preset.id);
  return { ...document, presets: known ? presets.map((old) => (old.id === preset.id ? preset : old)) : [...presets, preset] };
}

/** Take a preset away with its zones, and with them the rules that look into them. */
export function withoutPreset(document: CameraDoc, id: string): CameraDoc {
  const gone = zonesOf(document).filter((zone) => zone.preset === id);
  const next = gone.reduce((left, zone) => withoutZone(left, zone.id), document);
  const presets = presetsOf(next).filter((preset) => preset.id !== id);
  if (presets.length > 0) return { ...next, presets };
  const { presets: _, ...rest } = next;
  return rest as CameraDoc;
}

/** The pictures that the zones of a view are drawn on, the newest first. */
export function referencesOf(document: CameraDoc, preset: string | null): string[] {
  const own = preset === null ? document : presetsOf(document).find((one) => one.id === preset);
  return (own?.references as string[] | undefined) ?? [];
}

/** Put a new picture in the place of a view's first, or (`beside`) before the others. */
export function withReference(document: CameraDoc, preset: string | null, picture: string, beside = false): CameraDoc {
  const old = referencesOf(document, preset).filter((each) => each !== picture);
  const references = [picture, ...(beside ? old : old.slice(1))].slice(0, MOST_REFERENCES);
  if (preset === null) return { ...document, references };
  return { ...document, presets: presetsOf(document).map((one) => (one.id === preset ? { ...one, references } : one)) };
}

export function withRule(document: CameraDoc, rule: RuleDoc): CameraDoc {
  const rules = rulesOf(document);
  const known = rules.some((old) => old.id === rule.id);
  return { ...document, rules: known ? rules.map((old) => (old.id === rule.id ? rule : old)) : [...rules, rule] };
}

export function withoutRule(document: CameraDoc, ruleId: string): CameraDoc {
  return { ...document, rules: rulesOf(document).filter((rule) => rule.id !== ruleId) };
}

// As the gateway: by day, at dusk, by night, in snow.
export const MOST_REFERENCES = 4;

// What a rule looks for where people mean something by it; the rest follows from its type.
const USUAL: Record<string, Partial<RuleDoc>> = {
  water_intrusion: { objects: ["person"] },
  zone_intrusion: { objects: ["person"] },
  crowding: { objects: ["person"], min_count: 8 },
  fire_lane_blocked: { objects: ["vehicle"] },
  illegal_parking: { objects: ["vehicle"] },
  nonmotor_parking: { objects: ["nonmotor"], min_count: 3 },
  congestion: { objects: ["vehicle"], min_count: 6 },
  stray_livestock: { objects: ["animal"] },
};

/** Begin a rule with what its type needs; times come from the site's table and are not written down. */
export function newRule(document: CameraDoc, type: string, zone: string | null): RuleDoc {
  const stem = type.replace(/[^a-z0-9]+/g, "-").slice(0, 50);
  const id = freeId(stem, rulesOf(document).map((rule) => rule.id));
  return { id, type, ...(zone === null ? {} : { zone }), ...USUAL[type] };
}

/** Faults of the camera itself are looked for always, without a rule. */
export function forRules(types: readonly SiteEventType[]): SiteEventType[] {
  return types.filter((type) => !type.id.startsWith("camera_fault."));
}

/** Write a value down only where it differs from what counts without it. */
export function withField<K extends keyof RuleDoc>(rule: RuleDoc, field: K, value: RuleDoc[K], usual?: RuleDoc[K]): RuleDoc {
  const next = { ...rule, [field]: value };
  if (value === undefined || value === null || value === usual) delete next[field];
  return next;
}

export const RULE_USUAL = { clear_s: 10, cool_down_s: 60, min_count: 1, min_confidence: 0.35, min_area: 0.002 } as const;
