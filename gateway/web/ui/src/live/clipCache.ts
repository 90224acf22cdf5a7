import { apiUrl } from "@/api/client";

// The clip on the screen, the one before it (for undo) and the one to come.
const CLIPS_KEPT = 3;
const CLIP_MAX_BYTES = 24 * 1_048_576;

const kept = new Map<string, string>(); // evidence id -> object URL, oldest first
const asked = new Set<string>();

function put(evidenceId: string, blob: Blob): void {
  kept.set(evidenceId, URL.createObjectURL(blob));
  for (const [oldest, url] of kept) {
    if (kept.size <= CLIPS_KEPT) return;
    kept.delete(oldest);
    URL.revokeObjectURL(url);
  }
}

function thrifty(): boolean {
  const line = (navigator as Navigator & { connection?: { saveData?: boolean; effectiveType?: string } }).connection;
  return line?.saveData === true || /2g$/.test(line?.effectiveType ?? "");
}

/** The clip as it lies in memory, null when it must come over the line. */
export function warmClip(evidenceId: string): string | null {
  return kept.get(evidenceId) ?? null;
}

/** A clip that lies ready for the item after the one on the screen. */
export interface ReadyClip {
  eventId: string;
  src: string;
}

/** Fetch a clip that will probably be looked at next. A failure is no loss: the player asks again itself. */
export async function warm(evidenceId: string): Promise<void> {
  if (kept.has(evidenceId) || asked.has(evidenceId) || thrifty()) return;
  asked.add(evidenceId);
  try {
    const response = await fetch(apiUrl(`/evidence/${encodeURIComponent(evidenceId)}`));
    const size = Number(response.headers.get("Content-Length") ?? 0);
    if (response.ok && size <= CLIP_MAX_BYTES) put(evidenceId, await response.blob());
    else await response.body?.cancel();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  } finally {
    asked.delete(evidenceId);
  }
}

export function forgetClips(): void {
  for (const url of kept.values()) URL.revokeObjectURL(url);
  kept.clear();
}
