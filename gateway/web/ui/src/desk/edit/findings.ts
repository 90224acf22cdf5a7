/** What the gateway finds wrong, put beside the field that it is about. */
import type { Finding } from "@/api/config";

export const TABS = ["zones", "rules", "streams", "legal", "versions"] as const;
export type Tab = (typeof TABS)[number];

const HOMES: Record<string, Tab> = {
  zones: "zones",
  presets: "zones",
  references: "zones",
  perspective: "zones",
  rules: "rules",
  legal: "legal",
};

/** Which tab mends it: what names nothing of the others is about the camera and its streams. */
export function tabOf(field: string): Tab {
  return HOMES[/^\w+/.exec(field)?.[0] ?? ""] ?? "streams";
}

/** "rules[2].zone" -> ["rules", 2, "zone"]; gateways that write "rules.2.zone" are understood too. */
export function placeOf(field: string): { list: string; index: number; rest: string } | null {
  const [, list, bracket, dot, rest = ""] = /^(\w+)(?:\[(\d+)\]|\.(\d+))\.?(.*)$/.exec(field) ?? [];
  return list ? { list, index: Number(bracket ?? dot), rest } : null;
}

export function findingsOf(findings: readonly Finding[], list: string, index: number, rest?: string): Finding[] {
  return findings.filter((finding) => {
    const place = placeOf(finding.field);
    return place?.list === list && place.index === index && (rest === undefined || place.rest.startsWith(rest));
  });
}
