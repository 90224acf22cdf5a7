import { defineStore } from "pinia";
import { computed, reactive, ref, shallowRef } from "vue";
import { api } from "@/api/endpoints";
import { asProblem, type ApiProblem } from "@/api/problem";
import type { ReviewDetail, ReviewEntry, SeverityCounts, VerdictBody } from "@/api/types";
import type { BatchAnswer } from "@/api/worker";
import { cluster } from "@/worker/groups";
import { cacheRead, cacheWrite } from "./cache";
import { useOutboxStore } from "./outbox";
import { useSessionStore } from "./session";

export interface Filter {
  state: "waiting" | "judged";
  event_type: string;
  severity: string;
  grid_id: string;
  camera_id: string;
}

/** The last verdict given here, while it may still be taken back. */
export interface Undoable {
  entry: ReviewEntry;
  others: ReviewEntry[]; // judged together with it
  title: string;
  body: VerdictBody;
  untilMs: number;
}

const PAGE_SIZE = 50;
const CACHE_KEY = "review.waiting";
const NO_COUNTS: SeverityCounts = { S1: 0, S2: 0, S3: 0, S4: 0 };
// Details are a few kilobytes each; a shift sees hundreds.
const DETAILS_KEPT = 60;

export const useReviewStore = defineStore("review", () => {
  const outbox = useOutboxStore();
  const session = useSessionStore();
  const filter = reactive<Filter>({ state: "waiting", event_type: "", severity: "", grid_id: "", camera_id: "" });
  const entries = shallowRef<ReviewEntry[]>([]);
  const arrivals = shallowRef<ReviewEntry[]>([]);
  const counts = ref<SeverityCounts>({ ...NO_COUNTS });
  const cursor = ref<string | null>(null);
  const loading = ref(false);
  const loaded = ref(false);
  const problem = shallowRef<ApiProblem | null>(null);
  const cachedAt = ref<number | null>(null);
  const undoable = shallowRef<Undoable | null>(null);
  const details = shallowRef(new Map<string, ReviewDetail>());
  let turn = 0;

  const urgent = ref(0); // S1 items that wait, whatever the filter shows
  const filtered = computed(() => Boolean(filter.event_type || filter.severity || filter.grid_id || filter.camera_id));
  /** Items whose verdict is on its way. */
  const gone = computed(() => {
    const ids = outbox.pending.map((l) => (l.kind === "batch" ? l.body.item_ids : l.kind === "judge" ? [l.itemId] : []));
    return new Set(ids.flat());
  });

  /** Items whose verdict is being taken back: they wait again, whatever the gateway still says. */
  const returning = computed(() => new Set(outbox.pending.filter((l) => l.kind === "undo").map((l) => l.itemId)));

  function visible(list: readonly ReviewEntry[]): ReviewEntry[] {
    return filter.state === "waiting" ? cluster(list.filter((entry) => !gone.value.has(entry.item.id))) : [...list];
  }

  /** What the list asks for; of waiting ones those of my own grids come first. */
  const query = () => ({ ...filter, mine: filter.state === "waiting" ? "true" : "" });

  function setCounts(fresh: SeverityCounts): void {
    counts.value = { ...NO_COUNTS, ...fresh };
    if (filter.state === "waiting" && !filtered.value) urgent.value = counts.value.S1;
  }

  function settle(items: ReviewEntry[], next: string | null, fresh: SeverityCounts): void {
    entries.value = visible(items);
    arrivals.value = [];
    cursor.value = next;
    setCounts(fresh);
    problem.value = null;
    cachedAt.value = null;
    if (filter.state === "waiting" && !filtered.value) cacheWrite(CACHE_KEY, { items, counts: fresh });
  }

  function fail(error: unknown): void {
    problem.value = asProblem(error);
    const usable = problem.value.passing && filter.state === "waiting" && !filtered.value && entries.value.length === 0;
    const kept = usable ? cacheRead<{ items: ReviewEntry[]; counts: SeverityCounts }>(CACHE_KEY) : null;
    if (!kept) return;
    entries.value = visible(kept.value.items);
    counts.value = kept.value.counts;
    cachedAt.value = kept.at;
  }

  /** Load the first page anew and show it. */
  async function load(): Promise<void> {
    const mine = ++turn;
    loading.value = true;
    try {
      const page = await api.review({ ...query(), limit: PAGE_SIZE });
      if (mine === turn) settle(page.items, page.next_cursor, page.counts);
    } catch (error) {
      if (mine === turn) fail(error);
    } finally {
      if (mine === turn) {
        loading.value = false;
        loaded.value = true;
      }
    }
  }

  async function more(): Promise<void> {
    if (cursor.value === null || loading.value) return;
    loading.value = true;
    try {
      const page = await api.review({ ...query(), limit: PAGE_SIZE, cursor: cursor.value });
      const known = new Set(entries.value.map((entry) => entry.item.id));
      entries.value = visible([...entries.value, ...page.items.filter((entry) => !known.has(entry.item.id))]);
      cursor.value = page.next_cursor;
    } catch (error) {
      problem.value = asProblem(error);
    } finally {
      loading.value = false;
    }
  }

  /** Look for news without moving what is on the screen: new entries wait in `arrivals`. */
  async function peek(): Promise<void> {
    if (!loaded.value || cachedAt.value !== null) return load();
    const mine = turn;
    try {
      const page = await api.review({ ...query(), limit: PAGE_SIZE });
      if (mine === turn) compare(page.items, page.next_cursor === null, page.counts);
    } catch (error) {
      if (!asProblem(error).passing) throw error;
    }
  }

  function compare(items: ReviewEntry[], complete: boolean, fresh: SeverityCounts): void {
    const shown = new Set(entries.value.map((entry) => entry.item.id));
    const there = new Set(items.map((entry) => entry.item.id));
    arrivals.value = visible(items).filter((entry) => !shown.has(entry.item.id));
    setCounts(fresh);
    const told = new Map(items.map((entry) => [entry.item.id, entry]));
    // Who holds which changes all the time; the order stays.
    entries.value = entries.value.map((entry) => told.get(entry.item.id) ?? entry);
    // Judged by somebody else meanwhile; only a complete list can tell.
    const stays = (id: string) => there.has(id) || isOpen(id) || returning.value.has(id);
    if (complete) entries.value = entries.value.filter((entry) => stays(entry.item.id));
    if (entries.value.length === 0) welcome();
  }

  const openId = ref<string | null>(null);
  const isOpen = (itemId: string) => openId.value === itemId;

  /** Bring the waiting arrivals into the list, in the gateway's order. */
  function welcome(): void {
    entries.value = visible([...arrivals.value, ...entries.value]);
    arrivals.value = [];
  }

  function keepDetail(detail: ReviewDetail): void {
    const next = new Map(details.value);
    next.delete(detail.item.id);
    next.set(detail.item.id, detail);
    const oldest = next.keys().next();
    if (next.size > DETAILS_KEPT && !oldest.done) next.delete(oldest.value);
    details.value = next;
  }

  async function loadDetail(itemId: string): Promise<ReviewDetail> {
    const detail = await api.reviewItem(itemId);
    keepDetail(detail);
    return detail;
  }

  function take(...itemIds: string[]): void {
    entries.value = entries.value.filter((entry) => !itemIds.includes(entry.item.id));
  }

  function count(entry: ReviewEntry, by: 1 | -1): void {
    const severity = entry.item.severity;
    counts.value = { ...counts.value, [severity]: Math.max(0, counts.value[severity] + by) };
    if (severity === "S1") urgent.value = Math.max(0, urgent.value + by);
  }

  /** Give a verdict, on others of its group too; they leave the list at once, the sending is the outbox's work. */
  function judge(entry: ReviewEntry, body: VerdictBody, title: string, others: ReviewEntry[] = []): void {
    const ids = [entry, ...others].map((each) => each.item.id);
    take(...ids);
    for (const each of [entry, ...others]) count(each, -1);
    undoable.value = { entry, others, title, body, untilMs: Date.now() + session.undoWindowS * 1_000 };
    if (others.length === 0) outbox.post("judge", entry.item.id, title, body);
    else outbox.post("batch", entry.item.id, title, { ...body, item_ids: ids });
  }

  /** Take back the last verdict; gives the entry that is in the list again. */
  async function undo(): Promise<ReviewEntry | null> {
    const last = undoable.value;
    if (!last) return null;
    undoable.value = null;
    const back = [last.entry, ...last.others];
    await outbox.takeBack(back.map((entry) => entry.item.id), last.title);
    putBack(back);
    return last.entry;
  }

  function putBack(back: readonly ReviewEntry[]): void {
    take(...back.map((entry) => entry.item.id));
    const waiting = back.map((entry) => ({ ...entry, item: { ...entry.item, verdict: null, case_id: null } }));
    entries.value = [...waiting, ...entries.value];
    for (const entry of back) count(entry, 1);
  }

  function clearFilter(): void {
    Object.assign(filter, { event_type: "", severity: "", grid_id: "", camera_id: "" });
  }

  /** Learn how many wait, for pages that do not show the queue. */
  async function countWaiting(): Promise<ReviewEntry[]> {
    const page = await api.review({ state: "waiting", mine: "true", limit: PAGE_SIZE });
    urgent.value = page.counts.S1;
    if (filter.state === "waiting" && !filtered.value) counts.value = page.counts;
    return page.items;
  }

  /** Empty everything: somebody else may sign in at this browser. */
  function forget(): void {
    turn += 1;
    entries.value = [];
    arrivals.value = [];
    counts.value = { ...NO_COUNTS };
    urgent.value = 0;
    loaded.value = false;
    undoable.value = null;
    details.value = new Map();
    clearFilter();
    filter.state = "waiting";
  }

  function begin(): void {
    outbox.onAnswer((letter, answer) => {
      if (letter.kind === "judge" || letter.kind === "undo") keepDetail(answer as ReviewDetail);
      // Some of a group may have been judged by others meanwhile: look again who is left.
      if (letter.kind === "batch" && (answer as BatchAnswer).items.some((item) => !item.ok)) void peek();
    });
    outbox.onRefusal((letter) => {
      if (undoable.value?.entry.item.id === letter.itemId) undoable.value = null;
      // Its verdict stands: it does not wait any more, whatever was hoped here.
      if (letter.kind === "undo") take(letter.itemId);
    });
  }

  return {
    filter, entries, arrivals, counts, cursor, loading, loaded, problem, cachedAt, undoable, details, filtered, openId,
    urgent, gone, countWaiting, forget,
    load, more, peek, welcome, loadDetail, keepDetail, judge, undo, clearFilter, begin,
  };
});
