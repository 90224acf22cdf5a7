import { defineStore } from "pinia";
import { ref } from "vue";

export const LOOKS = ["auto", "light", "dark"] as const;
export type Look = (typeof LOOKS)[number];

const KEPT_AS = "gridpatrol.look";
const DARK_QUERY = "(prefers-color-scheme: dark)";

/** Light or dark, by the system or by choice. */
export const useAppearanceStore = defineStore("appearance", () => {
  const look = ref<Look>(LOOKS.find((name) => name === localStorage.getItem(KEPT_AS)) ?? "auto");
  const system = window.matchMedia(DARK_QUERY);

  function apply(): void {
    const dark = look.value === "dark" || (look.value === "auto" && system.matches);
    document.documentElement.classList.toggle("dark", dark);
  }

  function choose(next: Look): void {
    look.value = next;
    localStorage.setItem(KEPT_AS, next);
    apply();
  }

  function begin(): void {
    system.addEventListener("change", apply);
    apply();
  }

  return { look, choose, begin };
});
