import { COVERAGE_STATES, type CameraCoverage, type CoverageRow, type CoverageSeconds, type CoverageState } from "@/api/types";

// Five minutes each on a bar of a day: finer is not seen, and a camera that flaps all day still draws quickly.
export const SLOTS = 288;
const WATCHED: readonly CoverageState[] = ["analysed", "looked", "polled"];
const MEANT: readonly CoverageState[] = ["paused", "masked"];

/** "99.9 %": never rounded up, so that nothing reads as whole that is not, nor down to nothing what is there. */
export function percentText(share: number): string {
  if (share > 0 && share < 0.001) return "< 0.1 %";
  const tenths = Math.floor(share * 1_000 + 1e-9) / 10;
  return `${tenths.toFixed(Number.isInteger(tenths) ? 0 : 1)} %`;
}

export interface Part {
  state: CoverageState;
  seconds: number;
  share: number; // of all seconds that are recorded
}

/** The states that occur, in the order of the legend. */
export function partsOf(seconds: CoverageSeconds): Part[] {
  const all = COVERAGE_STATES.reduce((sum, state) => sum + seconds[state], 0);
  return COVERAGE_STATES.filter((state) => seconds[state] > 0).map((state) => ({
    state,
    seconds: seconds[state],
    share: seconds[state] / all,
  }));
}

/** Stretches in which a camera should have been watched and was not, longest first. */
export function gapsOf(rows: readonly CoverageRow[]): CoverageRow[] {
  const lost = rows.filter((row) => !WATCHED.includes(row.state) && !MEANT.includes(row.state));
  return lost.sort((a, b) => lengthMs(b) - lengthMs(a));
}

export function lengthMs(row: CoverageRow): number {
  return Date.parse(row.end) - Date.parse(row.start);
}

/** The row at a moment, null where nothing is recorded. */
export function rowAt(rows: readonly CoverageRow[], atMs: number): CoverageRow | null {
  return rows.find((row) => Date.parse(row.start) <= atMs && atMs < Date.parse(row.end)) ?? null;
}

function fill(slots: Float64Array, row: CoverageRow, startMs: number, slotMs: number): void {
  const from = (Date.parse(row.start) - startMs) / slotMs;
  const to = Math.min((Date.parse(row.end) - startMs) / slotMs, slots.length);
  for (let n = Math.max(0, Math.floor(from)); n < to; n += 1) {
    slots[n] = (slots[n] ?? 0) + Math.min(to, n + 1) - Math.max(from, n);
  }
}

/**
 * One SVG path per state, on a field `SLOTS` wide and 1 high: each slot is a column, in which the states stand on one
 * another by their share of its time. Equal columns side by side are drawn as one.
 */
export function columns(coverage: CameraCoverage): { state: CoverageState; path: string }[] {
  const startMs = Date.parse(coverage.start);
  const slotMs = (Date.parse(coverage.end) - startMs) / SLOTS;
  const floor = new Float64Array(SLOTS);
  return partsOf(coverage.seconds).map(({ state }) => {
    const slots = new Float64Array(SLOTS);
    for (const row of coverage.rows) if (row.state === state) fill(slots, row, startMs, slotMs);
    return { state, path: pathOf(slots, floor) };
  });
}

interface Run {
  at: number;
  width: number;
  low: number;
  high: number;
}

/** Draw the slots on top of what is there, and raise the floor by them. */
function pathOf(slots: Float64Array, floor: Float64Array): string {
  const runs: Run[] = [];
  for (const [n, share] of slots.entries()) {
    const low = floor[n] ?? 0;
    const high = Math.min(1, low + share);
    floor[n] = high;
    const last = runs.at(-1);
    if (last?.low === low && last.high === high) last.width += 1;
    else runs.push({ at: n, width: 1, low, high });
  }
  return runs.filter((run) => run.high > run.low).map(rect).join("");
}

function rect(run: Run): string {
  return `M${run.at} ${round(1 - run.high)}h${run.width}V${round(1 - run.low)}h${-run.width}z`;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

/** Another day in the same calendar: "2026-03-01", -1 gives "2026-02-28". */
export function dayAfter(day: string, days: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}
