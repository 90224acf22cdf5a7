import { defineStore } from "pinia";
import { computed, ref } from "vue";
import { newKey } from "@/api/client";
import { asProblem, type ProblemCode } from "@/api/problem";
import * as crate from "./crate";
import { carry, nextLetter, type Letter, type LetterBodies, type LetterKind } from "./letters";

export type { Letter } from "./letters";

type Answered = (letter: Letter, answer: unknown) => void;
type Refused = (letter: Letter, code: ProblemCode) => void;

const KEPT_AS = "gridpatrol.outbox.";
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;

/** What a person said or sent, on its way: verdicts, looks of a round, photos. Letters are kept in this browser until the gateway has taken or refused each one. */
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
  /** A bad line: what waits behind a failed try waits as well. */
  const held = computed(() => pending.value.some((letter) => letter.tries > 0));
  const stuck = computed(() => letters.value.filter((letter) => letter.state === "refused" || letter.packed || held.value));

  function keep(): void {
    if (!accountId.value) return;
    if (letters.value.length === 0) localStorage.removeItem(KEPT_AS + accountId.value);
    else localStorage.setItem(KEPT_AS + accountId.value, JSON.stringify(letters.value));
  }

  function remove(key: string): void {
    if (letters.value.some((letter) => letter.key === key && letter.packed)) void crate.drop(key);
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

  function write<K extends LetterKind>(kind: K, itemId: string, title: string, body: LetterBodies[K], key: string, packed: boolean): Letter {
    const letter = { key, itemId, title, kind, body, packed, madeAt: Date.now(), state: "waiting", problem: null, tries: 0 } as Letter;
    letters.value.push(letter);
    keep();
    void flush();
    return letter;
  }

  function post<K extends LetterKind>(kind: K, itemId: string, title: string, body: LetterBodies[K]): Letter {
    return write(kind, itemId, title, body, newKey(), false);
  }

  /** A letter with a picture or a sound; gives whether that survives the end of this page, should it have to wait. */
  async function postWith<K extends LetterKind>(
    kind: K, itemId: string, title: string, body: LetterBodies[K], pack: Blob,
  ): Promise<boolean> {
    const key = newKey();
    const kept = await crate.put(key, pack);
    write(kind, itemId, title, body, key, true);
    return kept;
  }

  /** Try one letter; true when the line works and the next may follow. */
  async function attempt(letter: Letter): Promise<boolean> {
    letter.state = "sending";
    keep();
    try {
      const answer = await carry(letter, letter.packed ? await crate.take(letter.key) : null);
      remove(letter.key);
      for (const listener of answered) listener(letter, answer);
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
    for (let next = nextLetter(letters.value); next; next = nextLetter(letters.value)) {
      if (!(await attempt(next))) return retryLater();
      pauseMs = FIRST_PAUSE_MS;
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

  const about = (itemId: string) => (letter: Letter) =>
    letter.kind === "batch" ? letter.body.item_ids.includes(itemId) : letter.kind === "judge" && letter.itemId === itemId;

  /** Take back a verdict: one still here is torn up, one on its way or arrived is undone at the gateway. */
  async function takeBack(itemIds: string | readonly string[], title: string): Promise<"torn" | "asked"> {
    const ids = typeof itemIds === "string" ? [itemIds] : itemIds;
    const mine = about(ids[0] ?? "");
    if (letters.value.some((letter) => mine(letter) && letter.state === "sending")) await running;
    const here = letters.value.find(mine);
    // A try whose answer was lost may have counted: then only the gateway can undo it.
    if (here && here.tries === 0) {
      remove(here.key);
      return "torn";
    }
    for (const itemId of ids) post("undo", itemId, title, null);
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

  return { letters, pending, stuck, open, close, post, postWith, flush, takeBack, remove, onAnswer, onRefusal, begin };
});
