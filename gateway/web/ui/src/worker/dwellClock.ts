/** How long somebody could really look at a view. Plain numbers, so that it can be tested without a page. */

export interface Looking {
  visible: boolean; // the tab is in front
  seeing: boolean; // a picture stands there that is what its badge says: not loading, not stalled
}

// A page that was put to sleep comes back with one long gap: nobody looked meanwhile.
export const LONGEST_BEAT_MS = 1_500;

export class DwellClock {
  private lookedMs = 0;
  private lastAtMs: number | null = null; // of the last beat that counted as looking

  /** Tell what holds now; the time since the beat before counts when both ends were looked at. */
  beat(nowMs: number, now: Looking): void {
    const looking = now.visible && now.seeing;
    const gapMs = this.lastAtMs === null ? 0 : nowMs - this.lastAtMs;
    if (looking && gapMs > 0 && gapMs <= LONGEST_BEAT_MS) this.lookedMs += gapMs;
    this.lastAtMs = looking ? nowMs : null;
  }

  /** Whole tenths of a second, rounded down: never more than was looked. */
  get seconds(): number {
    return Math.floor(this.lookedMs / 100) / 10;
  }

  restart(): void {
    this.lookedMs = 0;
    this.lastAtMs = null;
  }
}

/** The part of the ring that is filled, 0-1. */
export function filled(dwellS: number, dueS: number): number {
  return dueS <= 0 ? 1 : Math.min(1, dwellS / dueS);
}

/** Whole seconds still to look, rounded up. */
export function leftS(dwellS: number, dueS: number): number {
  return Math.max(0, Math.ceil(dueS - dwellS));
}
