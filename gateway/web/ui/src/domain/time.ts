export type Translate = (key: string, named?: Record<string, unknown>) => string;

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

function daysWords(ms: number, t: Translate): string {
  const d = Math.floor(ms / DAY_MS);
  const h = Math.floor((ms % DAY_MS) / HOUR_MS);
  return h === 0 ? t("time.days", { n: d }) : t("time.daysHours", { d, h });
}

function hoursWords(ms: number, t: Translate): string {
  const h = Math.floor(ms / HOUR_MS);
  const m = Math.floor((ms % HOUR_MS) / MINUTE_MS);
  return m === 0 ? t("time.hours", { n: h }) : t("time.hoursMinutes", { h, m });
}

/** A length of time in words, two units at most. */
export function durationWords(ms: number, t: Translate): string {
  if (ms < MINUTE_MS) return t("time.seconds", { n: Math.max(0, Math.round(ms / SECOND_MS)) });
  if (ms < HOUR_MS) return t("time.minutes", { n: Math.floor(ms / MINUTE_MS) });
  return ms < DAY_MS ? hoursWords(ms, t) : daysWords(ms, t);
}

function pad(n: number): string {
  return String(n).padStart(2, "0");
}

/** "14:02" or "14:02:07" by the browser's own zone. */
export function clockText(at: Date, withSeconds = false): string {
  const text = `${pad(at.getHours())}:${pad(at.getMinutes())}`;
  return withSeconds ? `${text}:${pad(at.getSeconds())}` : text;
}

export function dateText(at: Date): string {
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}

export function exactText(at: Date): string {
  return `${dateText(at)} ${clockText(at, true)}`;
}

function dayStart(at: Date): number {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
}

/** How long ago, in words; a clock that runs a little ahead of ours still reads "just now". */
export function agoWords(at: Date, nowMs: number, t: Translate): string {
  const age = nowMs - at.getTime();
  if (age < 10 * SECOND_MS) return age < -MINUTE_MS ? exactText(at) : t("time.now");
  if (age < MINUTE_MS) return t("time.secondsAgo", { n: Math.floor(age / SECOND_MS) });
  if (age < HOUR_MS) return t("time.minutesAgo", { n: Math.floor(age / MINUTE_MS) });
  if (age < 12 * HOUR_MS) return t("time.hoursAgo", { n: Math.floor(age / HOUR_MS) });
  return earlierWords(at, nowMs, t);
}

function earlierWords(at: Date, nowMs: number, t: Translate): string {
  const today = dayStart(new Date(nowMs));
  if (at.getTime() >= today) return clockText(at);
  if (at.getTime() >= today - DAY_MS) return t("time.yesterday", { time: clockText(at) });
  return `${dateText(at)} ${clockText(at)}`;
}

/** "14:02" when today, with the date when not: for "offline since". */
export function sinceText(at: Date, nowMs: number): string {
  return at.getTime() >= dayStart(new Date(nowMs)) ? clockText(at) : `${dateText(at).slice(5)} ${clockText(at)}`;
}

/** "1:07" of a video. */
export function mediaText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${pad(whole % 60)}`;
}

export function sizeText(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  if (bytes < 1_048_576) return `${Math.round(bytes / 1_024)} KB`;
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}
