/** What belongs together in the queue: items of one camera and one type. Pure. */

import type { ReviewEntry } from "@/api/types";

export function groupKey(entry: ReviewEntry): string {
  return `${entry.item.camera_id} ${entry.item.event_type}`;
}

/** The gateway's order, but items that belong together follow the first of them. */
export function cluster(entries: readonly ReviewEntry[]): ReviewEntry[] {
  const groups = new Map<string, ReviewEntry[]>();
  for (const entry of entries) {
    const key = groupKey(entry);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()].flat();
}

export interface Place {
  size: number; // of the group, in this list
  nth: number; // 0 for its first item
}

/** For each item of a clustered list where it stands in its group. */
export function places(entries: readonly ReviewEntry[]): Map<string, Place> {
  const sizes = new Map<string, number>();
  for (const entry of entries) sizes.set(groupKey(entry), (sizes.get(groupKey(entry)) ?? 0) + 1);
  const met = new Map<string, number>();
  return new Map(
    entries.map((entry) => {
      const key = groupKey(entry);
      const nth = met.get(key) ?? 0;
      met.set(key, nth + 1);
      return [entry.item.id, { size: sizes.get(key) ?? 1, nth }];
    }),
  );
}

/** The first item after `from` that is not among those judged with it; before it when nothing follows. */
export function nextAfter(entries: readonly ReviewEntry[], from: number, gone: ReadonlySet<string>): ReviewEntry | null {
  const open = (entry: ReviewEntry) => !gone.has(entry.item.id);
  return entries.slice(from + 1).find(open) ?? entries.slice(0, Math.max(0, from)).reverse().find(open) ?? null;
}
