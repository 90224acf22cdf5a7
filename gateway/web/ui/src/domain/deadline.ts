import type { Case, CaseStateName } from "@/api/types";

export type Light = "green" | "yellow" | "red" | "done" | "none";

const ENDED: readonly CaseStateName[] = ["closed", "cancelled", "declined"];
// Yellow begins when this share of the time is used up.
const YELLOW_FROM = 0.8;

export function isEnded(state: CaseStateName): boolean {
  return ENDED.includes(state);
}

export interface DeadlineView {
  light: Light;
  leftMs: number; // below zero: overdue by so much
  used: number; // share of the time used up, 0-1 and beyond
}

type Timed = Pick<Case, "state" | "opened_at" | "deadline_at">;

/** Where a case stands against its deadline: green to 80 % of the time, yellow to 100 %, red after. */
export function deadlineView(timed: Timed, nowMs: number): DeadlineView {
  if (timed.deadline_at === null) return { light: isEnded(timed.state) ? "done" : "none", leftMs: 0, used: 0 };
  const opened = Date.parse(timed.opened_at);
  const due = Date.parse(timed.deadline_at);
  const used = due > opened ? (nowMs - opened) / (due - opened) : 1;
  if (isEnded(timed.state)) return { light: "done", leftMs: due - nowMs, used };
  if (nowMs > due) return { light: "red", leftMs: due - nowMs, used };
  return { light: used >= YELLOW_FROM ? "yellow" : "green", leftMs: due - nowMs, used };
}
