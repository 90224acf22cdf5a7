import { onScopeDispose, ref, type Ref } from "vue";

interface Beat {
  now: Ref<number>;
  users: number;
  timer: ReturnType<typeof setInterval> | null;
}

const beats = new Map<number, Beat>();

function beatOf(stepMs: number): Beat {
  const known = beats.get(stepMs);
  if (known) return known;
  const made: Beat = { now: ref(Date.now()), users: 0, timer: null };
  beats.set(stepMs, made);
  return made;
}

/** The time now, in epoch ms, renewed every `stepMs`; everybody with the same step shares one timer. */
export function useNow(stepMs = 10_000): Ref<number> {
  const beat = beatOf(stepMs);
  beat.users += 1;
  beat.now.value = Date.now();
  beat.timer ??= setInterval(() => (beat.now.value = Date.now()), stepMs);
  onScopeDispose(() => {
    beat.users -= 1;
    if (beat.users > 0 || beat.timer === null) return;
    clearInterval(beat.timer);
    beat.timer = null;
  });
  return beat.now;
}
