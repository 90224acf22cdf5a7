import type { countsZh } from "./counts.zh-CN";

/** Words of lines that are counted, and of directions in the zone editor. */
export const countsEn: typeof countsZh = {
  counts: {
    title: "Line counts",
    intro: "How many crossed; never who, or which one.",
    along: "{n} along the arrow",
    against: "{n} against it",
    none: "Nothing crossed in the last 24 hours",
    former: "not counted any more",
    hours: "By the hour",
    hour: "Time",
    kind: "Kind",
    alongHead: "Along",
    againstHead: "Against",
  },
  direction: {
    title: "Direction",
    hintArea: "Which way vehicles go here; rules about the wrong way need it.",
    hintLine: "Which way over the line counts as along; rules look at that way only.",
    none: "Either way",
    right: "Right →",
    down_right: "Down and right ↘",
    down: "Down ↓",
    down_left: "Down and left ↙",
    left: "Left ←",
    up_left: "Up and left ↖",
    up: "Up ↑",
    up_right: "Up and right ↗",
    own: "A direction of its own",
    count: "Count what crosses",
    countHint: "By the hour; needs a direction, and a model that tells the kinds.",
  },
};
