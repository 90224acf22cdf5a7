import type { Evidence, ReviewDetail, ReviewEntry } from "@/api/types";

/** One side of the comparison; `id` is null where there is no picture, undefined while that is not known. */
export interface Still {
  id: string | null | undefined;
  takenAt: Date | null;
}

export interface Pair {
  reference: Still;
  now: Still;
}

function takenAt(file: Evidence | undefined): Date | null {
  const at = file?.segments[0]?.wall_start;
  return at ? new Date(at) : null;
}

/**
 * What a faulty camera showed when it was well, and at the alarm; null where there is nothing to compare with.
 * The entry alone says whether there is: the place is kept before the detail has come.
 */
export function pairOf(entry: ReviewEntry, detail: ReviewDetail | null): Pair | null {
  if (!entry.reference_id) return null;
  const well = detail?.evidence.find((file) => file.id === entry.reference_id);
  const now = detail?.evidence.find((file) => file.kind === "snapshot");
  return {
    reference: { id: entry.reference_id, takenAt: takenAt(well) },
    now: { id: detail ? (now?.id ?? null) : undefined, takenAt: takenAt(now) ?? new Date(entry.event.raised_at) },
  };
}
