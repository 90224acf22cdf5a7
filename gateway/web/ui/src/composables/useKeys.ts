import { onBeforeUnmount, onMounted } from "vue";

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Single keys for the whole page; silent while somebody types or a modifier is held. */
export function useKeys(act: (key: string, event: KeyboardEvent) => boolean): void {
  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    // Space on a button presses the button.
    if (event.key === " " && event.target instanceof HTMLElement && event.target.closest("button, a, summary")) return;
    if (act(event.key.length === 1 ? event.key.toLowerCase() : event.key, event)) event.preventDefault();
  }
  onMounted(() => window.addEventListener("keydown", onKey));
  onBeforeUnmount(() => window.removeEventListener("keydown", onKey));
}
