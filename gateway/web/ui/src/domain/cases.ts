import type { CaseStateName, CaseStep } from "@/api/types";

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

/** A stage of a case: when it was reached, and whatever was said of it. */
export interface Stage {
  step: CaseStep;
  notes: string[];
}

/**
 * The stages in their order. A platform tells a state more than once: by its answer, by calling back, after a lost line.
 * That is one stage; after rework the same states are new ones.
 */
export function stagesOf(steps: readonly CaseStep[]): Stage[] {
  const stages: Stage[] = [];
  let reached = new Map<CaseStateName, Stage>();
  for (const step of [...steps].sort((a, b) => Date.parse(a.at) - Date.parse(b.at))) {
    if (step.state === "rework") reached = new Map();
    const stage = reached.get(step.state) ?? { step, notes: [] };
    if (!reached.has(step.state)) stages.push(stage);
    reached.set(step.state, stage);
    if (step.note && !stage.notes.includes(step.note)) stage.notes.push(step.note);
  }
  return stages;
}
