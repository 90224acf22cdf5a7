import { computed, onBeforeUnmount, ref, shallowRef, watch } from "vue";
import { useI18n } from "vue-i18n";
import { asProblem, type ApiProblem } from "@/api/problem";
import { workerApi, type Finding, type RoundDetail, type RoundSummary, type Shown, type ViewVerdict } from "@/api/worker";
import { tell } from "@/composables/tell";
import { cacheRead, cacheWrite } from "@/stores/cache";
import { useOutboxStore, type Letter } from "@/stores/outbox";
import { useSessionStore } from "@/stores/session";
import { DwellClock } from "./dwellClock";
import { begin, finished, step, summaryOf, type Judged, type RoundState, type RoundStep } from "./round";

const BEAT_MS = 250;

/** One round being walked: what the screen shows, what is said of each view, and its letters to the gateway. */
export function useRound(roundId: string) {
  const { t } = useI18n();
  const outbox = useOutboxStore();
  const session = useSessionStore();
  const state = shallowRef<RoundState | null>(null);
  const problem = shallowRef<ApiProblem | null>(null);
  const starting = ref(false);
  const walking = ref(false);
  const summary = shallowRef<RoundSummary | null>(null);
  const dwellS = ref(0);
  const shown = ref<Shown>("none");
  const clock = new DwellClock();
  const cacheKey = `round.${roundId}`;

  const round = computed(() => state.value?.round ?? null);
  const view = computed(() => state.value?.round.views[state.value.at] ?? null);
  const through = computed(() => state.value !== null && finished(state.value));
  const letters = computed(() => outbox.pending.filter((letter) => letter.itemId === roundId).length);
  const ready = computed(() => view.value !== null && dwellS.value >= view.value.dwell_due_s);
  const mine = computed(() => round.value?.assignee === session.account?.id);

  function waiting(): Record<string, Judged> {
    const views = outbox.pending.filter((letter): letter is Extract<Letter, { kind: "view" }> => letter.kind === "view");
    return Object.fromEntries(
      views.filter((letter) => letter.itemId === roundId).map(({ body }) => [
        body.pointId,
        { verdict: body.view.verdict, dwellS: body.view.dwell_s, shown: body.view.shown, at: body.at },
      ]),
    );
  }

  function take(fresh: RoundDetail): void {
    state.value = state.value ? step(state.value, { do: "refresh", round: fresh }) : begin(fresh, waiting());
    problem.value = null;
    cacheWrite(cacheKey, fresh);
  }

  function fail(error: unknown): void {
    problem.value = asProblem(error);
    const kept = problem.value.passing ? cacheRead<RoundDetail>(cacheKey) : null;
    // A round that was begun can be walked to its end without the line; its looks wait in the outbox.
    if (kept && !state.value) state.value = begin(kept.value, waiting());
  }

  async function load(): Promise<void> {
    try {
      take(await workerApi.round(roundId));
    } catch (error) {
      fail(error);
    }
    if (round.value?.state === "running" && mine.value) walking.value = true;
  }

  async function start(): Promise<void> {
    starting.value = true;
    try {
      take(await workerApi.startRound(roundId));
      walking.value = true;
    } catch (error) {
      tell("bad", t(`problem.${asProblem(error).code}`));
      await load();
    } finally {
      starting.value = false;
    }
  }

  function move(by: RoundStep): void {
    if (!state.value) return;
    const before = view.value?.point_id;
    state.value = step(state.value, by);
    if (view.value?.point_id !== before) restart();
  }

  function restart(): void {
    clock.restart();
    dwellS.value = 0;
    shown.value = "none";
  }

  const onView = computed(() => (view.value ? `${view.value.camera_name} · ${view.value.place}` : ""));

  async function judge(verdict: ViewVerdict, found?: { finding: Omit<Finding, "frame_jpeg">; frame: Blob }): Promise<void> {
    const now = view.value;
    if (!now || !state.value || state.value.judged[now.point_id]) return;
    const at = new Date().toISOString();
    const title = onView.value;
    const said = { verdict, dwell_s: dwellS.value, shown: shown.value };
    move({ do: "judge", pointId: now.point_id, judged: { verdict, dwellS: said.dwell_s, shown: said.shown, at } });
    const body = { pointId: now.point_id, view: said, at, ...(found ? { finding: found.finding } : {}) };
    if (!found) outbox.post("view", roundId, title, body);
    else if (!(await outbox.postWith("view", roundId, title, body, found.frame))) tell("plain", t("attach.loose"));
    if (through.value) end();
  }

  /** Also before all views are through: what was not looked at is missed, and says so. */
  function end(): void {
    if (!state.value || summary.value) return;
    summary.value = summaryOf(state.value, Date.now());
    outbox.post("finish_round", roundId, state.value.round.name, { at: new Date().toISOString() });
  }

  const beat = setInterval(() => {
    clock.beat(performance.now(), {
      visible: !document.hidden,
      seeing: walking.value && view.value !== null && summary.value === null && shown.value !== "none",
    });
    dwellS.value = clock.seconds;
  }, BEAT_MS);

  const ends = [
    outbox.onAnswer((letter, answer) => {
      if (letter.kind === "finish_round" && letter.itemId === roundId) summary.value = answer as RoundSummary;
    }),
    outbox.onRefusal((letter, code) => {
      if (letter.itemId !== roundId) return;
      tell("bad", t(`problem.${code}`));
      if (letter.kind === "view" && summary.value === null) move({ do: "refused", pointId: letter.body.pointId });
    }),
  ];
  onBeforeUnmount(() => {
    clearInterval(beat);
    for (const off of ends) off();
  });
  // A beat at the change itself: the time before it counts, the hidden time does not.
  const onVisibility = () => clock.beat(performance.now(), { visible: !document.hidden, seeing: shown.value !== "none" && walking.value });
  document.addEventListener("visibilitychange", onVisibility);
  onBeforeUnmount(() => document.removeEventListener("visibilitychange", onVisibility));
  watch(shown, () => clock.beat(performance.now(), { visible: !document.hidden, seeing: shown.value !== "none" && walking.value }));
  void load();

  return {
    state, round, view, problem, starting, walking, summary, dwellS, shown, ready, letters, mine, through,
    load, start, judge, end,
    go: (index: number) => move({ do: "go", index }),
    seen: (now: Shown) => (shown.value = now),
  };
}
