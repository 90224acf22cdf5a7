import { computed } from "vue";
import { useI18n } from "vue-i18n";
import { durationWords } from "@/domain/time";

/** Numbers, shares, days and lengths of time in the language in use. */
export function useFormat() {
  const { t, locale } = useI18n();
  const whole = computed(() => new Intl.NumberFormat(locale.value, { maximumFractionDigits: 0 }));
  const percent = computed(() => new Intl.NumberFormat(locale.value, { style: "percent", maximumFractionDigits: 0 }));
  const day = computed(() => new Intl.DateTimeFormat(locale.value, { month: "long", day: "numeric", weekday: "short" }));
  const clock = computed(() => new Intl.DateTimeFormat(locale.value, { hour: "2-digit", minute: "2-digit", hour12: false }));

  /** A share is rounded down: nothing reads as 100 % that is not. */
  const share = (value: number | null) =>
    value === null ? t("numbers.none") : percent.value.format(Math.floor(value * 100 + 1e-9) / 100);
  const metres = (m: number) =>
    m < 1_000 ? t("ground.metres", { n: whole.value.format(Math.round(m)) }) : t("ground.kilometres", { n: (m / 1_000).toFixed(1) });

  return {
    t,
    locale,
    number: (n: number) => whole.value.format(n),
    share,
    metres,
    day: (at: Date) => day.value.format(at),
    clock: (iso: string) => clock.value.format(new Date(iso)),
    span: (from: string, to: string) => `${clock.value.format(new Date(from))}–${clock.value.format(new Date(to))}`,
    lasting: (seconds: number | null) => (seconds === null ? t("numbers.none") : durationWords(seconds * 1_000, t)),
  };
}
