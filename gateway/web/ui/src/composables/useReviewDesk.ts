import { computed, onBeforeUnmount, ref, shallowRef, watch } from "vue";
import { useRoute, useRouter } from "vue-router";
import { ApiProblem, asProblem } from "@/api/problem";
import type { ReviewEntry, VerdictBody } from "@/api/types";
import { warm, warmClip, type ReadyClip } from "@/live/clipCache";
import type { BatchAnswer } from "@/api/worker";
import { nextAfter } from "@/worker/groups";
import { useGroup } from "@/worker/useGroup";
import { useHold } from "@/worker/useHold";
import { useOutboxStore } from "@/stores/outbox";
import { useReviewStore } from "@/stores/review";
import { useSessionStore } from "@/stores/session";
import { tell } from "./tell";
import { useChanges } from "./useChanges";
import { useSay } from "./useSay";

/** One decision after the other: which item is open, what a verdict does, and where it goes next. */
export function useReviewDesk() {
  const route = useRoute();
  const router = useRouter();
  const review = useReviewStore();
  const outbox = useOutboxStore();
  const session = useSessionStore();
  const say = useSay();
  const problem = shallowRef<ApiProblem | null>(null);
  const spoken = ref("");
  const ready = shallowRef<ReadyClip | null>(null);

  const openId = computed(() => (typeof route.params.id === "string" && route.params.id ? route.params.id : null));
  const index = computed(() => review.entries.findIndex((entry) => entry.item.id === openId.value));
  const detail = computed(() => (openId.value ? (review.details.get(openId.value) ?? null) : null));
  const entry = computed(() => review.entries[index.value] ?? detail.value);
  const judged = computed(() => Boolean((detail.value ?? entry.value)?.item.verdict));
  const wanted = computed(() =>
    session.can("review.judge") && entry.value && !judged.value && problem.value === null ? openId.value : null,
  );
  const { heldBy, keep } = useHold(wanted);
  const group = useGroup(entry);
  const mayJudge = computed(() => wanted.value !== null && heldBy.value === null);
  const upcoming = computed(() => following(new Set([openId.value ?? ""])));

  function open(itemId: string | null): void {
    if (itemId !== openId.value) void router.replace(itemId ? `/review/${itemId}` : "/review");
  }

  function openFirst(): void {
    if (openId.value === null && review.entries[0]) open(review.entries[0].item.id);
  }

  async function loadOpen(): Promise<void> {
    const wanted = openId.value;
    review.openId = wanted;
    problem.value = null;
    if (wanted === null) return openFirst();
    try {
      await review.loadDetail(wanted);
    } catch (error) {
      // Without its detail an entry of the list can still be seen and judged.
      if (wanted === openId.value && index.value < 0) problem.value = asProblem(error);
    }
  }

  function step(by: 1 | -1): void {
    const next = review.entries[index.value + by];
    if (next) open(next.item.id);
    else if (by === 1 && review.cursor !== null) void review.more();
  }

  /** What comes when these are judged: the next that nobody else has open. */
  function following(judgedNow: ReadonlySet<string>): ReviewEntry | null {
    const held = review.entries.filter((other) => other.held_by_name).map((other) => other.item.id);
    return nextAfter(review.entries, index.value, new Set([...judgedNow, ...held]));
  }

  /** Leave an item that somebody else has open. */
  function skip(): void {
    open(following(new Set([openId.value ?? ""]))?.item.id ?? null);
  }

  function judge(body: VerdictBody): void {
    const now = entry.value;
    if (!now || !mayJudge.value) return;
    const others = group.together.value;
    const next = following(new Set([now, ...others].map((each) => each.item.id)));
    keep(now.item.id);
    review.judge(now, body, say.sentence(now), others);
    spoken.value = say.t("review.done", { verdict: say.t(`verdict.${body.verdict}`) });
    if (next) spoken.value += `. ${say.t("review.announceNext", { text: say.sentence(next) })}`;
    if (review.entries.length < 5 && review.cursor !== null) void review.more();
    open(next?.item.id ?? null);
  }

  async function undo(): Promise<void> {
    const back = await review.undo();
    if (!back) return;
    spoken.value = say.t("review.undone");
    open(back.item.id);
  }

  /** The picture on the screen stands: now there is time for the next one. */
  function warmNext(): void {
    const next = upcoming.value;
    if (next?.clip_id && session.can("footage.view")) void warmClipOf(next, next.clip_id);
    if (next && !review.details.has(next.item.id)) void warmDetail(next.item.id);
  }

  async function warmClipOf(next: ReviewEntry, clipId: string): Promise<void> {
    await warm(clipId);
    const src = warmClip(clipId);
    if (src && upcoming.value?.item.id === next.item.id) ready.value = { eventId: next.event.id, src };
  }

  async function warmDetail(itemId: string): Promise<void> {
    try {
      await review.loadDetail(itemId);
    } catch (error) {
      // It is asked for again when it is opened.
      if (!(error instanceof ApiProblem)) throw error;
    }
  }

  function showArrivals(): void {
    review.welcome();
    openFirst();
  }

  watch(openId, loadOpen, { immediate: true });
  watch(() => review.entries.length, openFirst);
  watch(() => ({ ...review.filter }), async () => {
    await review.load();
    if (index.value < 0) open(review.entries[0]?.item.id ?? null);
  });
  watch(() => review.arrivals.length, (n) => {
    if (n > 0) spoken.value = say.t("review.announceNew", { n });
  });

  const ends = [
    outbox.onRefusal((_, code) => tell("bad", say.t(`problem.${code}`))),
    outbox.onAnswer((letter, answer) => {
      if (letter.kind === "undo") tell("plain", say.t("review.undone"));
      if (letter.kind !== "batch") return;
      const late = (answer as BatchAnswer).items.filter((item) => !item.ok).length;
      if (late > 0) tell("bad", say.t("group.late", { n: late }));
    }),
  ];
  onBeforeUnmount(() => {
    review.openId = null;
    for (const end of ends) end();
  });
  useChanges(["review"], review.peek);
  void review.load();

  return {
    openId, index, entry, detail, judged, mayJudge, heldBy, group, problem, spoken, ready,
    open, step, skip, judge, undo, warmNext, showArrivals, reload: loadOpen,
  };
}
