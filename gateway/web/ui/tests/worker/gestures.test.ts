import { describe, expect, it } from "vitest";
import { between, bigEnough, byKey, FIRST_BOX, moved, pointIn, resized } from "@/worker/box";
import { reach, recognise } from "@/worker/swipe";

const round = (box: readonly number[] | null) => box?.map((n) => Math.round(n * 1_000) / 1_000);

describe("a swipe", () => {
  it("is nothing when short, slanted, or held for long", () => {
    expect(recognise({ dx: 60, dy: 3, ms: 120 })).toBeNull();
    expect(recognise({ dx: 110, dy: 100, ms: 200 })).toBeNull();
    expect(recognise({ dx: 200, dy: 0, ms: 4_000 })).toBeNull();
    expect(reach({ dx: 8, dy: 8, ms: 50 })).toEqual({ direction: null, share: 0 });
  });

  it("asks for more upwards and downwards, where a thumb also scrolls", () => {
    expect(recognise({ dx: 5, dy: -110, ms: 200 })).toBeNull();
    expect(recognise({ dx: 5, dy: -150, ms: 200 })).toBe("up");
    expect(recognise({ dx: 0, dy: 150, ms: 200 })).toBe("down");
  });

  it("tells the way and how far it is", () => {
    expect(recognise({ dx: 100, dy: 20, ms: 200 })).toBe("right");
    expect(recognise({ dx: -100, dy: -20, ms: 200 })).toBe("left");
    expect(reach({ dx: 48, dy: 0, ms: 100 })).toEqual({ direction: "right", share: 0.5 });
  });
});

describe("a box drawn by hand", () => {
  it("is not taken when it is a slip of the finger", () => {
    expect(bigEnough(between([0.5, 0.5], [0.51, 0.9]))).toBe(false);
    expect(bigEnough(between([0.5, 0.5], [0.4, 0.4]))).toBe(true);
  });

  it("is the same from whichever corner, and stays on the picture", () => {
    expect(between([0.8, 0.9], [0.2, 0.1])).toEqual([0.2, 0.1, 0.8, 0.9]);
    expect(round(between([-0.2, 0.5], [1.3, 2]))).toEqual([0, 0.5, 1, 1]);
  });

  it("minds the bars beside a fitted picture", () => {
    // 16:9 in a high element: bars above and below of 200 px each.
    const area = { left: 0, top: 100, width: 640, height: 760 };
    expect(round(pointIn({ x: 320, y: 480 }, area, { width: 1_280, height: 720 }))).toEqual([0.5, 0.5]);
    expect(round(pointIn({ x: 0, y: 120 }, area, { width: 1_280, height: 720 }))).toEqual([0, 0]);
  });

  it("moves and grows by keys, never off the picture and never to nothing", () => {
    expect(round(byKey(FIRST_BOX, "ArrowLeft", { shift: false, alt: false }))).toEqual([0.33, 0.35, 0.63, 0.65]);
    expect(round(byKey(FIRST_BOX, "ArrowRight", { shift: true, alt: false }))).toEqual([0.35, 0.35, 0.67, 0.65]);
    expect(round(byKey(FIRST_BOX, "ArrowDown", { shift: false, alt: true }))).toEqual([0.35, 0.355, 0.65, 0.655]);
    expect(byKey(FIRST_BOX, "Enter", { shift: false, alt: false })).toBeNull();
    expect(round(moved([0.9, 0.9, 1, 1], 0.3, 0.3))).toEqual([0.9, 0.9, 1, 1]);
    expect(round(resized([0.5, 0.5, 0.6, 0.6], -0.9, -0.9))).toEqual([0.5, 0.5, 0.52, 0.52]);
  });
});
