import { onScopeDispose } from "vue";

/** A call that is made at most once per `everyMs`, the last wish included: a county's cameras change all the time. */
export function useSeldom(act: () => unknown, everyMs: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = -Infinity;
  onScopeDispose(() => clearTimeout(timer));
  return () => {
    timer ??= setTimeout(
      () => {
        timer = undefined;
        last = performance.now();
        void act();
      },
      Math.max(0, last + everyMs - performance.now()),
    );
  };
}
