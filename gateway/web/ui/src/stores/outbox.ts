import { defineStore } from "pinia";
import { computed, ref } from "vue";
import { newKey } from "@/api/client";
import { api } from "@/api/endpoints";
import { asProblem, type ProblemCode } from "@/api/problem";
import type { ReviewDetail, VerdictBody } from "@/api/types";

export interface Letter {
  key: string; // Idempotency-Key: the same over all tries
  itemId: string;
  title: string; // what it was about, in words
  kind: "judge" | "undo";
  body: VerdictBody | null; // null for an undo
  madeAt: number;
  state: "waiting" | "sending" | "refused";
  problem: ProblemCode | null;
  tries: number;
}

type Answered = (letter: Letter, detail: ReviewDetail) => void;
type Refused = (letter: Letter, code: ProblemCode) => void;

const KEPT_AS = "gridpatrol.outbox.";
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;

/** Verdicts on their way. They are kept in this browser until the gateway has taken or refused each one. */
export const useOutboxStore = defineStore("outbox", () => {
  const letters = ref<Letter[]>([]);
  const accountId = ref("");
  const answered = new Set<Answered>();
  const refused = new Set<Refused>();
  let running: Promise<void> | null = null;
  let wanted = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pauseMs = FIRST_PAUSE_MS;

  const pending = computed(() => letters.value.filter((letter) => letter.state !== "refused"));
  const stuck = computed(() => letters.value.filter((letter) => letter.state === "refused" || letter.tries > 0));

  function keep(): void {
    if (!accountId.value) return;
    if (letters.value.length === 0) localStorage.removeItem(KEPT_AS + accountId.value);
    else localStorage.setItem(KEPT_AS + accountId.value, JSON.stringify(letters.value));
  }

  function remove(key: string): void {
    letters.value = letters.value.filter((letter) => letter.key !== key);
    keep();
  }

  function open(account: string): void {
    accountId.value = account;
    const kept = JSON.parse(localStorage.getItem(KEPT_AS + account) ?? "[]") as Letter[];
    // One that was being sent when the page closed may have arrived; its key makes a second time harmless.
    letters.value = kept.map((letter) => (letter.state === "sending" ? { ...letter, state: "waiting" } : letter));
    void flush();
  }

  function close(): void {
    clearTimeout(timer);
    accountId.value = "";
    letters.value = [];
  }

  function post(kind: Letter["kind"], itemId: string, title: string, body: VerdictBody | null): Letter {
    const letter: Letter = {
      key: newKey(), itemId, title, kind, body, madeAt: Date.now(), state: "waiting", problem: null, tries: 0,
    };
    letters.value.push(letter);
    keep();
    void flush();
    return letter;
  }

  function sendOne(letter: Letter): Promise<ReviewDetail> {
    return letter.body === null ? api.undo(letter.itemId, letter.key) : api.judge(letter.itemId, letter.body, letter.key);
  }

  /** Try one letter; true when the line works and the next may follow. */
  async function attempt(letter: Letter): Promise<boolean> {
    letter.state = "sending";
    keep();
    try {
      const detail = await sendOne(letter);
      remove(letter.key);
      for (const listener of answered) listener(letter, detail);
      return true;
    } catch (error) {
      return failed(letter, error);
    }
  }

  function failed(letter: Letter, error: unknown): boolean {
    const problem = asProblem(error);
    letter.tries += 1;
    letter.problem = problem.code;
    const later = problem.passing || problem.code === "sign_in_required";
    letter.state = later ? "waiting" : "refused";
    keep();
    if (!later) for (const listener of refused) listener(letter, problem.code);
    return !later;
  }

  async function run(): Promise<void> {
    let next = letters.value.find((letter) => letter.state === "waiting");
    while (next) {
      if (!(await attempt(next))) return retryLater();
      pauseMs = FIRST_PAUSE_MS;
      next = letters.value.find((letter) => letter.state === "waiting");
    }
  }

  /** A letter posted while a run is ending must not be left lying: the last look and the end are one step. */
  async function runWhileWanted(): Promise<void> {
    try {
      while (wanted) {
        wanted = false;
        await run();
      }
    } finally {
      running = null;
    }
  }

  function retryLater(): void {
    clearTimeout(timer);
    timer = setTimeout(() => void flush(), pauseMs * (0.75 + Math.random() / 2));
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }

  /** Send what waits, in order; one run at a time. */
  async function flush(): Promise<void> {
    if (!accountId.value) return;
    wanted = true;
    running ??= runWhileWanted();
    await running;
  }

  /** Take back a verdict: one still here is torn up, one on its way or arrived is undone at the gateway. */
  async function takeBack(itemId: string, title: string): Promise<"torn" | "asked"> {
    if (letters.value.some((letter) => letter.itemId === itemId && letter.state === "sending")) await running;
    const here = letters.value.find((letter) => letter.itemId === itemId && letter.kind === "judge");
    // A try whose answer was lost may have counted: then only the gateway can undo it.
    if (here && here.tries === 0) {
      remove(here.key);
      return "torn";
    }
    post("undo", itemId, title, null);
    return "asked";
  }

  function onAnswer(listener: Answered): () => void {
    answered.add(listener);
    return () => answered.delete(listener);
  }

  function onRefusal(listener: Refused): () => void {
    refused.add(listener);
    return () => refused.delete(listener);
  }

  function begin(): void {
    window.addEventListener("online", () => void flush());
  }

  return { letters, pending, stuck, open, close, post, flush, takeBack, remove, onAnswer, onRefusal, begin };
});
