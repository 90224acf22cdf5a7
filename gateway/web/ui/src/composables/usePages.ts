import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from "vue";
import { asProblem, type ApiProblem } from "@/api/problem";
import { cacheRead, cacheWrite } from "@/stores/cache";

interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Pages<T, P extends Page<T>> {
  first: ShallowRef<P | null>;
  items: ComputedRef<T[]>;
  cursor: ComputedRef<string | null>;
  problem: ShallowRef<ApiProblem | null>;
  adding: Ref<boolean>;
  cachedAt: Ref<number | null>;
  load: () => Promise<void>;
  more: () => Promise<void>;
}

interface Options<T, P extends Page<T>> {
  key: () => string; // a new key empties the list and loads again
  fetch: (cursor: string | null) => Promise<P>;
  idOf: (item: T) => string;
  keep?: boolean; // keep the first page for a bad line
}

/** A long list page by page. Loading again renews the first page and leaves the later ones in place. */
export function usePages<T, P extends Page<T>>(options: Options<T, P>): Pages<T, P> {
  const first = shallowRef(null) as ShallowRef<P | null>;
  const later = shallowRef<Page<T> | null>(null);
  const problem = shallowRef<ApiProblem | null>(null);
  const adding = ref(false);
  const cachedAt = ref<number | null>(null);
  let turn = 0;

  const items = computed(() => {
    const byId = new Map<string, T>();
    for (const item of [...(first.value?.items ?? []), ...(later.value?.items ?? [])]) {
      const id = options.idOf(item);
      if (!byId.has(id)) byId.set(id, item);
    }
    return [...byId.values()];
  });
  const cursor = computed(() => (later.value ? later.value.next_cursor : (first.value?.next_cursor ?? null)));

  function fail(error: unknown, key: string): void {
    problem.value = asProblem(error);
    const kept = options.keep && problem.value.passing ? cacheRead<P>(key) : null;
    if (!kept) return;
    first.value ??= kept.value;
    cachedAt.value = kept.at;
  }

  async function load(): Promise<void> {
    const mine = ++turn;
    const key = options.key();
    try {
      const page = await options.fetch(null);
      if (mine !== turn) return;
      first.value = page;
      problem.value = null;
      cachedAt.value = null;
      if (options.keep) cacheWrite(key, page);
    } catch (error) {
      if (mine === turn) fail(error, key);
    }
  }

  /** Raises ApiProblem: the list stays, and whoever asked for more tells it. */
  async function more(): Promise<void> {
    const from = cursor.value;
    const key = options.key();
    if (from === null || adding.value) return;
    adding.value = true;
    try {
      const page = await options.fetch(from);
      if (key !== options.key()) return;
      later.value = { items: [...(later.value?.items ?? []), ...page.items], next_cursor: page.next_cursor };
    } finally {
      adding.value = false;
    }
  }

  watch(options.key, () => {
    first.value = null;
    later.value = null;
    problem.value = null;
    void load();
  }, { immediate: true });
  onScopeDispose(() => (turn = -1));
  return { first, items, cursor, problem, adding, cachedAt, load, more };
}
