/** Changes to a camera's document, each giving a new one. Ids are made here: nobody should have to invent them. */
import type { CameraDoc, RuleDoc, SiteEventType, ZoneDoc, ZoneKind } from "@/api/config";
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

/** Return the first of "area-1", "area-2" ... that nobody has. */
export function freeId(stem: string, taken: readonly string[]): string {
  let n = 1;
  while (taken.includes(`${stem}-${n}`)) n += 1;
  return `${stem}-${n}`;
}

/** Ids allow hyphens only. */
export function newZone(document: CameraDoc, kind: ZoneKind, polygon: Point[], name: string): ZoneDoc {
  const stem = kind === "privacy_mask" ? "mask" : kind;
  const id = freeId(stem, zonesOf(document).map((zone) => zone.id));
  return { id, name, polygon, ...(kind === "area" ? {} : { kind }) };
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

export function withRule(document: CameraDoc, rule: RuleDoc): CameraDoc {
  const rules = rulesOf(document);
  const known = rules.some((old) => old.id === rule.id);
  return { ...document, rules: known ? rules.map((old) => (old.id === rule.id ? rule : old)) : [...rules, rule] };
}

export function withoutRule(document: CameraDoc, ruleId: string): CameraDoc {
  return { ...document, rules: rulesOf(document).filter((rule) => rule.id !== ruleId) };
}

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
