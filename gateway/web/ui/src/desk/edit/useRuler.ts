import { computed, ref, shallowRef, type Ref } from "vue";
import type { CameraDoc } from "@/api/config";
import type { Point } from "@/api/types";
import { toPoint, type Scale } from "./geometry";
import { drawing, FIRST_RULER, gripAt, pulled, type Grip, type Places } from "./ruler";

interface Wiring {
  doc: Ref<CameraDoc>;
  scale: Ref<Scale>;
  idle: Ref<boolean>; // nothing is being drawn
  change: (next: CameraDoc, merge: string) => void;
  seal: () => void;
}

/** The perspective ruler: shown when asked for; its first figures are a guess that people then put right. */
export function useRuler(w: Wiring) {
  const measuring = ref(false);
  const ruler = computed(() => (measuring.value ? (w.doc.value.perspective ?? FIRST_RULER) : null));
  const places = ref<Places>({ near: 0.35, far: 0.6 });
  const held = shallowRef<Grip | null>(null);
  const figures = computed(() => (ruler.value ? drawing(ruler.value, places.value, held.value?.which ?? null) : null));
  let pulls = 0;

  const grip = {
    press(p: Point, reach: number): boolean {
      held.value = w.idle.value && ruler.value ? gripAt(ruler.value, places.value, p, w.scale.value, reach) : null;
      pulls += 1;
      return held.value !== null;
    },
    move(p: Point): void {
      const now = held.value;
      if (!now || !ruler.value) return;
      if (now.part === "foot") places.value = { ...places.value, [now.which]: toPoint(...p)[0] };
      w.change({ ...w.doc.value, perspective: pulled(ruler.value, now, p) }, `pull-${pulls}`);
    },
    release(): void {
      held.value = null;
      w.seal();
    },
  };
  return { measuring, ruler, figures, grip };
}
