/** Rates over days as a line: days of which nothing is known are gaps, never zero. */

export interface TrendPoint {
  day: string;
  rate: number | null;
}

export interface Trend {
  paths: string[]; // SVG, one per stretch of known days
  dots: { x: number; y: number }[]; // known days without a neighbour
  low: number; // the bottom of the field, as a share
  lowest: { day: string; rate: number } | null;
}

// With a scale from zero a fall from 99 to 95 per cent would not be seen; the bottom is told beside the line.
const STEPS = 20;

export function bottomOf(rates: readonly number[]): number {
  if (rates.length === 0) return 0;
  const low = Math.floor(Math.min(...rates) * STEPS + 1e-9) / STEPS;
  return Math.max(0, Math.min(low, 1) - 1 / STEPS);
}

export function trendOf(points: readonly TrendPoint[], width: number, height: number): Trend {
  const known = points.flatMap(({ day, rate }) => (rate === null ? [] : [{ day, rate }]));
  const low = bottomOf(known.map((point) => point.rate));
  const step = points.length > 1 ? width / (points.length - 1) : 0;
  const paths: string[] = [];
  const dots: { x: number; y: number }[] = [];
  let stretch: { x: number; y: number }[] = [];
  const end = () => {
    if (stretch.length === 1 && stretch[0]) dots.push(stretch[0]);
    if (stretch.length > 1) paths.push(stretch.map(({ x, y }, n) => `${n === 0 ? "M" : "L"}${round(x)} ${round(y)}`).join(""));
    stretch = [];
  };
  for (const [n, { rate }] of points.entries()) {
    if (rate === null) end();
    else stretch.push({ x: n * step, y: height - ((rate - low) / (1 - low)) * height });
  }
  end();
  const lowest = known.reduce<Trend["lowest"]>((least, point) => (least === null || point.rate < least.rate ? point : least), null);
  return { paths, dots, low, lowest };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Shares of today's coverage that nobody meant to be lost; unwatched by plan or mask is not a fault. */
export function watchedShare(coverage: Readonly<Record<string, number>>): number | null {
  const of = (names: readonly string[]) => names.reduce((sum, name) => sum + (coverage[name] ?? 0), 0);
  const watched = of(["analysed", "looked", "polled"]);
  const due = watched + of(["overloaded", "offline", "unknown"]);
  return due > 0 ? watched / due : null;
}
