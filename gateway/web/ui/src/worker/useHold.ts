import { onBeforeUnmount, ref, watch, type Ref } from "vue";
import { ApiProblem, asProblem } from "@/api/problem";
import { workerApi } from "@/api/worker";

// The gateway holds for 60 s; two tries fit in before that is over.
const RENEW_MS = 25_000;
const ASK_AGAIN_MS = 8_000;

/**
 * Holds the open item, so that nobody else judges it meanwhile; `heldBy` names who has it instead.
 * A gateway that cannot be reached holds nothing: one may judge, and it decides when the verdict arrives.
 */
export function useHold(itemId: Ref<string | null>): { heldBy: Ref<string | null>; keep: (itemId: string) => void } {
  const heldBy = ref<string | null>(null);
  let mine: string | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function later(wanted: string, ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(wanted), ms);
  }

  async function ask(wanted: string): Promise<void> {
    if (document.hidden) return later(wanted, ASK_AGAIN_MS);
    try {
      await workerApi.hold(wanted);
      if (wanted !== itemId.value) return letGo(wanted);
      mine = wanted;
      heldBy.value = null;
      later(wanted, RENEW_MS);
    } catch (error) {
      const problem = asProblem(error);
      if (wanted !== itemId.value) return;
      const held = problem.word === "held";
      heldBy.value = held ? problem.detail : null;
      if (held || problem.passing) later(wanted, held ? ASK_AGAIN_MS : RENEW_MS);
    }
  }

  function letGo(held: string): void {
    workerApi.letGo(held).catch((error: unknown) => {
      // It ends by itself within a minute.
      if (!(error instanceof ApiProblem)) throw error;
    });
  }

  watch(itemId, (now) => {
    clearTimeout(timer);
    heldBy.value = null;
    if (mine !== null && mine !== now) letGo(mine);
    mine = null;
    if (now !== null) void ask(now);
  }, { immediate: true });
  onBeforeUnmount(() => {
    clearTimeout(timer);
    if (mine !== null) letGo(mine);
  });

  return {
    heldBy,
    /** A verdict is on its way: the hold stays until the gateway has it. */
    keep: (judged) => {
      if (mine === judged) mine = null;
    },
  };
}
