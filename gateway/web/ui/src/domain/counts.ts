/** Lines that are counted, made ready to be shown. */
import type { HourCount } from "@/api/counts";

export interface KindSum {
  label: string;
  along: number;
  against: number;
}

/** Add hours up by kind, the most frequent kind first. */
export function byKind(hours: readonly HourCount[]): KindSum[] {
  const sums = new Map<string, KindSum>();
  for (const { label, along, against } of hours) {
    const sum = sums.get(label) ?? { label, along: 0, against: 0 };
    sums.set(label, { label, along: sum.along + along, against: sum.against + against });
  }
  return [...sums.values()].sort((a, b) => b.along + b.against - a.along - a.against || a.label.localeCompare(b.label));
}

/** The newest hour first. */
export function newestFirst(hours: readonly HourCount[]): HourCount[] {
  return [...hours].sort((a, b) => b.hour.localeCompare(a.hour) || a.label.localeCompare(b.label));
}
