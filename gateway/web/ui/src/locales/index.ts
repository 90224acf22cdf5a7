import { createI18n } from "vue-i18n";
import type { Locale } from "@/api/types";
import { en } from "./en";
import { zhCN, type Messages } from "./zh-CN";

export const LOCALES: readonly Locale[] = ["zh-CN", "en"];
const KEPT_AS = "gridpatrol.locale";

export const i18n = createI18n<[Messages], Locale, false>({
  legacy: false,
  locale: "zh-CN",
  fallbackLocale: "zh-CN",
  messages: { "zh-CN": zhCN, en },
});

export function asLocale(text: string | null | undefined): Locale {
  return LOCALES.find((locale) => locale === text) ?? "zh-CN";
}

export function keptLocale(): Locale | null {
  const kept = localStorage.getItem(KEPT_AS);
  return kept === null ? null : asLocale(kept);
}

export function applyLocale(locale: Locale): void {
  i18n.global.locale.value = locale;
  document.documentElement.lang = locale;
  localStorage.setItem(KEPT_AS, locale);
}
