import { computed, onBeforeUnmount, ref, shallowRef, watch } from "vue";
import { useRoute, useRouter } from "vue-router";
import { asProblem, type ApiProblem } from "@/api/problem";
import type { VerdictBody } from "@/api/types";
import { warm } from "@/live/clipCache";
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

  const openId = computed(() => (typeof route.params.id === "string" && route.params.id ? route.params.id : null));
  const index = computed(() => review.entries.findIndex((entry) => entry.item.id === openId.value));
  const detail = computed(() => (openId.value ? (review.details.get(openId.value) ?? null) : null));
  const entry = computed(() => review.entries[index.value] ?? detail.value);
  const upcoming = computed(() => review.entries[index.value + 1] ?? null);
  const judged = computed(() => Boolean((detail.value ?? entry.value)?.item.verdict));
  const mayJudge = computed(() => session.can("review.judge") && !judged.value && problem.value === null);

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

  function judge(body: VerdictBody): void {
    const now = entry.value;
    if (!now || !mayJudge.value) return;
    const next = review.entries[index.value + 1] ?? review.entries[index.value - 1] ?? null;
    review.judge(now, body, say.sentence(now));
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
    const clipId = upcoming.value?.clip_id;
    if (clipId && session.can("footage.view")) void warm(clipId);
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
    outbox.onAnswer((letter) => {
      if (letter.kind === "undo") tell("plain", say.t("review.undone"));
    }),
  ];
  onBeforeUnmount(() => {
    review.openId = null;
    for (const end of ends) end();
  });
  useChanges(["review"], review.peek);
  void review.load();

  return {
    openId, index, entry, detail, judged, mayJudge, problem, spoken,
    open, step, judge, undo, warmNext, showArrivals, reload: loadOpen,
  };
}
