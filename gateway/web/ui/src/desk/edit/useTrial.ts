import { computed, onScopeDispose, ref, shallowRef } from "vue";
import { configApi, type CameraDoc, type Trial, type TrialTask } from "@/api/config";
import { asProblem, type ApiProblem } from "@/api/problem";

const ASK_AGAIN_MS = 1_500;

/** Something tried on kept clips: ordered, then asked for until it is done. */
export function useTrial<T>(task: TrialTask, days: number) {
  const trial = shallowRef<Trial<T> | null>(null);
  const problem = shallowRef<ApiProblem | null>(null);
  const busy = ref(false);
  const result = computed(() => (trial.value?.state === "done" ? trial.value.result : null));
  let turn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function fail(error: unknown, mine: number): void {
    if (mine !== turn) return;
    problem.value = asProblem(error);
    busy.value = false;
  }

  async function start(document: CameraDoc): Promise<void> {
    const mine = ++turn;
    clearTimeout(timer);
    [busy.value, problem.value, trial.value] = [true, null, null];
    try {
      const { trial_id } = await configApi.beginTrial(document.id, { task, document, days });
      if (mine === turn) await follow(trial_id, mine);
    } catch (error) {
      fail(error, mine);
    }
  }

  async function follow(trialId: string, mine: number): Promise<void> {
    const found = await configApi.trial<T>(trialId);
    if (mine !== turn) return;
    trial.value = found;
    busy.value = found.state === "waiting" || found.state === "running";
    if (busy.value) timer = setTimeout(() => void follow(trialId, mine).catch((error: unknown) => fail(error, mine)), ASK_AGAIN_MS);
  }

  onScopeDispose(() => {
    turn = -1;
    clearTimeout(timer);
  });
  return { trial, result, problem, busy, start };
}
