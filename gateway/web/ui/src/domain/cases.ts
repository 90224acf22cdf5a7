import type { CaseStateName } from "@/api/types";

export const CASE_STATES: readonly CaseStateName[] = [
  "opened",
  "accepted",
  "filed",
  "dispatched",
  "handling",
  "fed_back",
  "verified",
  "rework",
  "closed",
  "declined",
  "cancelled",
];

/** Cases on which somebody still works. */
export const IN_PROGRESS: readonly CaseStateName[] = CASE_STATES.slice(0, 8);
