import { describe, expect, it } from "vitest";
import { DwellClock, filled, leftS, type Looking } from "@/worker/dwellClock";

const LOOKING: Looking = { visible: true, seeing: true };
const HIDDEN: Looking = { visible: false, seeing: true };
const STALLED: Looking = { visible: true, seeing: false };

/** One beat per entry, a second apart. */
function after(...beats: Looking[]): number {
  const clock = new DwellClock();
  beats.forEach((looking, second) => clock.beat(second * 1_000, looking));
  return clock.seconds;
}

describe("the dwell clock", () => {
  it("does not count a hidden tab, nor the second in which it came back", () => {
    expect(after(LOOKING, HIDDEN, HIDDEN, LOOKING)).toBe(0);
    expect(after(LOOKING, LOOKING, HIDDEN, LOOKING, LOOKING)).toBe(2);
  });

  it("does not count while the live picture stalls or nothing is there to see", () => {
    expect(after(STALLED, STALLED, STALLED)).toBe(0);
    expect(after(LOOKING, LOOKING, STALLED, STALLED, LOOKING)).toBe(1);
  });

  it("does not count a gap in which the page slept", () => {
    const clock = new DwellClock();
    clock.beat(0, LOOKING);
    clock.beat(60_000, LOOKING);
    clock.beat(61_000, LOOKING);
    expect(clock.seconds).toBe(1);
  });

  it("does not go back when the phone's clock is set back", () => {
    const clock = new DwellClock();
    for (const at of [5_000, 6_000, 1_000, 2_000]) clock.beat(at, LOOKING);
    expect(clock.seconds).toBe(2);
  });

  it("begins anew with each view", () => {
    const clock = new DwellClock();
    clock.beat(0, LOOKING);
    clock.beat(1_000, LOOKING);
    clock.restart();
    clock.beat(1_500, LOOKING);
    expect(clock.seconds).toBe(0);
  });

  it("fills the ring, and never says done before it is", () => {
    expect([filled(5, 20), filled(30, 20), filled(0, 0)]).toEqual([0.25, 1, 1]);
    expect([leftS(19.9, 20), leftS(20, 20), leftS(0.1, 20)]).toEqual([1, 0, 20]);
  });
});
