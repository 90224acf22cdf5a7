/** When a rule is armed: the gateway's schedule in words, and the few that nearly everybody needs. */
import { WEEKDAYS, type ScheduleDoc, type Weekday } from "@/api/config";
import type { Translate } from "@/domain/time";

export const PRESETS = {
  always: {},
  night: { start: "20:00", end: "06:00" },
  day: { start: "06:00", end: "20:00" },
  workdays: { weekdays: ["mon", "tue", "wed", "thu", "fri"] },
  weekend: { weekdays: ["sat", "sun"] },
} as const satisfies Record<string, { weekdays?: readonly Weekday[]; start?: string; end?: string }>;
export type PresetName = keyof typeof PRESETS;

export interface Hours {
  weekdays: Weekday[]; // in order; empty: every day
  start: string; // "HH:MM"
  end: string;
  notOn: string[];
  days?: ScheduleDoc["days"]; // working days or days off, by the site's calendar
  light?: ScheduleDoc["light"];
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

function minutes(text: string | undefined): string {
  return /^\d{2}:\d{2}/.test(text ?? "") ? (text as string).slice(0, 5) : "00:00";
}

export function hoursOf(schedule: ScheduleDoc | undefined): Hours {
  const named = WEEKDAYS.filter((day) => schedule?.weekdays?.includes(day));
  return {
    weekdays: named.length === WEEKDAYS.length ? [] : named,
    start: minutes(schedule?.start),
    end: minutes(schedule?.end),
    notOn: [...new Set(schedule?.not_on ?? [])].sort(),
    ...(schedule?.days ? { days: schedule.days } : {}),
    ...(schedule?.light ? { light: schedule.light } : {}),
  };
}

/** Return the schedule as it is stored, what means nothing left out; undefined for always. */
export function toDoc(hours: Hours): ScheduleDoc | undefined {
  const doc: ScheduleDoc = {};
  if (hours.days) doc.days = hours.days;
  if (hours.light) doc.light = hours.light;
  if (hours.weekdays.length > 0 && hours.weekdays.length < WEEKDAYS.length) {
    doc.weekdays = WEEKDAYS.filter((day) => hours.weekdays.includes(day));
  }
  if (hours.start !== hours.end) [doc.start, doc.end] = [hours.start, hours.end];
  if (hours.notOn.length > 0) doc.not_on = hours.notOn;
  return Object.keys(doc).length > 0 ? doc : undefined;
}

export function overMidnight(hours: Hours): boolean {
  return hours.start > hours.end && hours.end !== "00:00";
}

/** Which of the usual schedules this is; null for one of its own. */
export function presetOf(hours: Hours): PresetName | null {
  const plain = JSON.stringify(toDoc({ ...hours, notOn: [] }) ?? {});
  const names = Object.keys(PRESETS) as PresetName[];
  return names.find((name) => JSON.stringify(toDoc(hoursOf(PRESETS[name] as ScheduleDoc)) ?? {}) === plain) ?? null;
}

export function preset(name: PresetName, notOn: readonly string[] = []): Hours {
  return { ...hoursOf(PRESETS[name] as ScheduleDoc), notOn: [...notOn] };
}

/** Add a day off; what is no date is left out. */
export function withDayOff(hours: Hours, day: string): Hours {
  return DATE.test(day) ? { ...hours, notOn: [...new Set([...hours.notOn, day])].sort() } : hours;
}

export function withDay(hours: Hours, day: Weekday): Hours {
  const shown = hours.weekdays.length === 0 ? [...WEEKDAYS] : hours.weekdays;
  const next = shown.includes(day) ? shown.filter((d) => d !== day) : [...shown, day];
  // The last day cannot be taken away: a rule for no day is a rule that is off.
  if (next.length === 0) return hours;
  return { ...hours, weekdays: next.length === WEEKDAYS.length ? [] : WEEKDAYS.filter((d) => next.includes(d)) };
}

/** Runs of days as "mon–fri", single days joined. */
function daysWords(days: readonly Weekday[], t: Translate): string {
  const name = (index: number) => t(`edit.weekday.${WEEKDAYS[index] as Weekday}`);
  const parts: string[] = [];
  for (let i = 0; i < WEEKDAYS.length; i += 1) {
    if (!days.includes(WEEKDAYS[i] as Weekday)) continue;
    let last = i;
    while (last + 1 < WEEKDAYS.length && days.includes(WEEKDAYS[last + 1] as Weekday)) last += 1;
    if (last - i >= 2) parts.push(t("edit.schedule.dayRange", { from: name(i), to: name(last) }));
    else for (let day = i; day <= last; day += 1) parts.push(name(day));
    i = last;
  }
  return parts.join(t("edit.listComma"));
}

/** "周一至周五 20:00–06:00（次日），3 天除外". */
export function scheduleWords(hours: Hours, t: Translate): string {
  const named = hours.weekdays.length === 0 ? t("edit.schedule.everyDay") : daysWords(hours.weekdays, t);
  const more = [hours.days && t(`edit.schedule.byDays.${hours.days}`), hours.light && t(`edit.schedule.byLight.${hours.light}`)];
  const days = [...more.filter(Boolean), ...(hours.weekdays.length === 0 && hours.days ? [] : [named])].join(t("edit.listComma"));
  const all = hours.start === hours.end;
  const key = overMidnight(hours) ? "edit.schedule.overNight" : "edit.schedule.span";
  const span = all ? t("edit.schedule.allDay") : t(key, { from: hours.start, to: hours.end === "00:00" ? "24:00" : hours.end });
  const always = all && hours.weekdays.length === 0 && !hours.days && !hours.light;
  const said = always ? t("edit.schedule.preset.always") : t("edit.schedule.both", { days, span });
  return hours.notOn.length === 0 ? said : t("edit.schedule.except", { said, n: hours.notOn.length });
}

/** Ask for working days or days off, for day or night, or with "" for neither. */
export function withPart(hours: Hours, part: "days" | "light", value: string): Hours {
  const { [part]: _, ...rest } = hours;
  return value === "" ? rest : ({ ...rest, [part]: value } as Hours);
}
