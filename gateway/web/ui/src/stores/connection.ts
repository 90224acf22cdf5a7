import { defineStore } from "pinia";
import { computed, ref } from "vue";
import { listen } from "@/api/client";

/** Whether the gateway answers, and whether live updates arrive. */
export const useConnectionStore = defineStore("connection", () => {
  const onLine = ref(navigator.onLine);
  const reached = ref(true);
  const streaming = ref(true);
  const offline = computed(() => !onLine.value);

  function begin(): void {
    window.addEventListener("online", () => (onLine.value = true));
    window.addEventListener("offline", () => (onLine.value = false));
    listen({ reached: (now) => (reached.value = now) });
  }

  return { onLine, reached, streaming, offline, begin };
});
