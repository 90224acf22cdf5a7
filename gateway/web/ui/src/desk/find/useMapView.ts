import { onBeforeUnmount, onMounted, reactive, ref, shallowRef, type Ref, type ShallowRef } from "vue";
import { dragged, zoomed, type Pixel, type Size, type View } from "./projection";

// A finger that moves less than this has tapped.
const TAP_PX = 5;
const STEP_PX = 70;
const WHEEL_PER_STEP = 240;

interface Hand {
  view: ShallowRef<View>;
  size: Size;
  moving: Ref<boolean>;
  zoomBy: (steps: number, anchor?: Pixel) => void;
  onKey: (event: KeyboardEvent) => void;
  onDown: (event: PointerEvent) => void;
  onMove: (event: PointerEvent) => void;
  onUp: (event: PointerEvent) => void;
  onWheel: (event: WheelEvent) => void;
}

/** A window on the map that follows mouse, fingers, wheel and keys. `tapped` hears of a press on bare ground. */
export function useMapView(box: Ref<HTMLElement | null>, start: View, tapped: (at: Pixel) => void): Hand {
  const view = shallowRef<View>(start);
  const size = reactive<Size>({ width: 640, height: 420 });
  const moving = ref(false);
  const fingers = new Map<number, Pixel>();
  let travelled = 0;
  let observer: ResizeObserver | null = null;

  function here(event: { clientX: number; clientY: number }): Pixel {
    const rect = box.value?.getBoundingClientRect();
    return { x: event.clientX - (rect?.left ?? 0), y: event.clientY - (rect?.top ?? 0) };
  }

  function zoomBy(steps: number, anchor: Pixel = { x: size.width / 2, y: size.height / 2 }): void {
    view.value = zoomed(view.value, steps, anchor, size);
  }

  const KEYS: Record<string, () => void> = {
    ArrowLeft: () => (view.value = dragged(view.value, STEP_PX, 0)),
    ArrowRight: () => (view.value = dragged(view.value, -STEP_PX, 0)),
    ArrowUp: () => (view.value = dragged(view.value, 0, STEP_PX)),
    ArrowDown: () => (view.value = dragged(view.value, 0, -STEP_PX)),
    "+": () => zoomBy(1),
    "=": () => zoomBy(1),
    "-": () => zoomBy(-1),
  };

  function onKey(event: KeyboardEvent): void {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    act();
    event.preventDefault();
  }

  function onDown(event: PointerEvent): void {
    if (event.button !== 0) return;
    if (fingers.size === 0) travelled = 0;
    fingers.set(event.pointerId, here(event));
  }

  function pinch(before: Pixel[], after: Pixel[]): void {
    const [a, b] = before as [Pixel, Pixel];
    const [c, d] = after as [Pixel, Pixel];
    const apart = Math.hypot(a.x - b.x, a.y - b.y) || 1;
    const middle = { x: (c.x + d.x) / 2, y: (c.y + d.y) / 2 };
    view.value = dragged(view.value, middle.x - (a.x + b.x) / 2, middle.y - (a.y + b.y) / 2);
    zoomBy(Math.log2((Math.hypot(c.x - d.x, c.y - d.y) || 1) / apart), middle);
  }

  function onMove(event: PointerEvent): void {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    const before = [...fingers.values()].slice(0, 2);
    const now = here(event);
    travelled += Math.hypot(now.x - last.x, now.y - last.y);
    if (travelled < TAP_PX && fingers.size === 1) return;
    moving.value = true;
    // Only now: a press that stays in place belongs to the mark below it.
    box.value?.setPointerCapture?.(event.pointerId);
    fingers.set(event.pointerId, now);
    if (fingers.size >= 2) pinch(before, [...fingers.values()].slice(0, 2));
    else view.value = dragged(view.value, now.x - last.x, now.y - last.y);
  }

  function onUp(event: PointerEvent): void {
    const known = fingers.delete(event.pointerId);
    if (fingers.size > 0) return;
    const onMark = event.target instanceof Element && event.target.closest("button") !== null;
    const tap = known && !moving.value && !onMark && event.type === "pointerup";
    moving.value = false;
    if (tap) tapped(here(event));
  }

  function onWheel(event: WheelEvent): void {
    event.preventDefault();
    zoomBy(Math.max(-1, Math.min(1, -event.deltaY / WHEEL_PER_STEP)), here(event));
  }

  function measure(): void {
    if (!box.value || box.value.clientWidth === 0) return;
    size.width = box.value.clientWidth;
    size.height = box.value.clientHeight;
  }

  onMounted(() => {
    measure();
    if (!box.value || typeof ResizeObserver === "undefined") return;
    observer = new ResizeObserver(measure);
    observer.observe(box.value);
  });
  onBeforeUnmount(() => observer?.disconnect());
  return { view, size, moving, zoomBy, onKey, onDown, onMove, onUp, onWheel };
}
