import type { Severity, SeverityCounts } from "@/api/types";

export const SEVERITIES: readonly Severity[] = ["S1", "S2", "S3", "S4"];

/** Shape carries the meaning where colour cannot. */
export const SHAPES: Record<Severity, string> = { S1: "◆", S2: "▲", S3: "●", S4: "○" };

export function totalOf(counts: SeverityCounts): number {
  return SEVERITIES.reduce((sum, severity) => sum + (counts[severity] ?? 0), 0);
}
