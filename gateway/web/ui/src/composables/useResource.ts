import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from "vue";
import { asProblem, type ApiProblem } from "@/api/problem";
import { cacheRead, cacheWrite } from "@/stores/cache";

export interface Resource<T> {
  data: ShallowRef<T | null>;
  problem: ShallowRef<ApiProblem | null>;
  loading: Ref<boolean>;
  cachedAt: Ref<number | null>; // when the shown data was loaded, while the gateway cannot be reached
  load: () => Promise<void>;
}

interface Options<T> {
  key: () => string; // a new key empties what is shown and loads again
  fetch: () => Promise<T>;
  keep?: boolean; // keep the last answer for a bad line
}

/** Something loaded from the gateway: what it is, whether it is on its way, what went wrong, how old it is. */
export function useResource<T>(options: Options<T>): Resource<T> {
  const data = shallowRef<T | null>(null);
  const problem = shallowRef<ApiProblem | null>(null);
  const loading = ref(true);
  const cachedAt = ref<number | null>(null);
  let turn = 0;

  function settle(answer: T, key: string): void {
    data.value = answer;
    problem.value = null;
    cachedAt.value = null;
    if (options.keep) cacheWrite(key, answer);
  }

  function fail(error: unknown, key: string): void {
    problem.value = asProblem(error);
    if (!problem.value.passing || !options.keep) return;
    const kept = cacheRead<T>(key);
    if (!kept) return;
    data.value ??= kept.value;
    cachedAt.value = kept.at;
  }

  async function load(): Promise<void> {
    const mine = ++turn;
    const key = options.key();
    loading.value = true;
    try {
      const answer = await options.fetch();
      if (mine === turn) settle(answer, key);
    } catch (error) {
      if (mine === turn) fail(error, key);
    } finally {
      if (mine === turn) loading.value = false;
    }
  }

  watch(options.key, () => {
    data.value = null;
    problem.value = null;
    void load();
  }, { immediate: true });
  onScopeDispose(() => (turn = -1));
  return { data, problem, loading, cachedAt, load };
}
