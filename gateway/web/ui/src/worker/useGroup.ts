import { computed, ref, shallowRef, watch, type Ref } from "vue";
import { ApiProblem } from "@/api/problem";
import type { ReviewEntry } from "@/api/types";
import { workerApi } from "@/api/worker";
import { useReviewStore } from "@/stores/review";
import { groupKey } from "./groups";

// The gateway takes as many in one letter.
const TOGETHER_MOST = 50;

/** The other waiting items of the same camera and type, and which of them the next verdict is for too. */
export function useGroup(entry: Ref<ReviewEntry | null>) {
  const review = useReviewStore();
  const told = shallowRef<ReviewEntry[]>([]);
  const chosen = ref(new Set<string>());
  const key = computed(() => (entry.value ? groupKey(entry.value) : ""));

  const others = computed(() => {
    const own = entry.value;
    if (!own || own.item.verdict) return [];
    const here = review.entries.filter((other) => groupKey(other) === key.value);
    const all = new Map([...here, ...told.value].map((other) => [other.item.id, other]));
    all.delete(own.item.id);
    return [...all.values()].filter((other) => !other.held_by_name && !review.gone.has(other.item.id)).slice(0, TOGETHER_MOST - 1);
  });
  const together = computed(() => others.value.filter((other) => chosen.value.has(other.item.id)));

  function toggle(itemId: string): void {
    const next = new Set(chosen.value);
    if (!next.delete(itemId)) next.add(itemId);
    chosen.value = next;
  }

  function toggleAll(): void {
    const all = together.value.length === others.value.length;
    chosen.value = new Set(all ? [] : others.value.map((other) => other.item.id));
  }

  async function ask(own: ReviewEntry): Promise<void> {
    try {
      const { items } = await workerApi.similar(own.item.id);
      if (entry.value?.item.id === own.item.id) told.value = items;
    } catch (error) {
      // What the list itself holds can still be judged together.
      if (!(error instanceof ApiProblem)) throw error;
    }
  }

  watch(() => entry.value?.item.id, () => {
    told.value = [];
    chosen.value = new Set();
    const own = entry.value;
    if (own && own.similar > 0 && !own.item.verdict) void ask(own);
  }, { immediate: true });

  return { others, together, chosen, toggle, toggleAll };
}
