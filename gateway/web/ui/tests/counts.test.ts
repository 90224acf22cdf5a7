import { describe, expect, it } from "vitest";
import type { HourCount } from "@/api/counts";
import { byKind, newestFirst } from "@/domain/counts";

const count = (hour: string, label: string, along: number, against = 0): HourCount => ({ hour, label, along, against });

describe("counts of a line", () => {
  it("are added up by kind, the most frequent first", () => {
    const hours = [count("2026-01-01T08:00:00Z", "person", 1), count("2026-01-01T08:00:00Z", "vehicle", 4, 2), count("2026-01-01T09:00:00Z", "vehicle", 3)];
    expect(byKind(hours)).toEqual([
      { label: "vehicle", along: 7, against: 2 },
      { label: "person", along: 1, against: 0 },
    ]);
    expect(byKind([])).toEqual([]);
  });

  it("are shown with the newest hour first", () => {
    const hours = [count("2026-01-01T08:00:00Z", "person", 1), count("2026-01-01T09:00:00Z", "vehicle", 1)];
    expect(newestFirst(hours).map((c) => c.label)).toEqual(["vehicle", "person"]);
  });
});
