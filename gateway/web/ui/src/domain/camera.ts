import { CAMERA_NOTES, type CameraNote, type CameraState, type CameraStateName } from "@/api/types";

export type Tone = "good" | "warn" | "bad" | "";

const TONES: Record<CameraStateName, Tone> = {
  connecting: "warn",
  online: "good",
  waiting: "warn",
  unreachable: "bad",
  reset: "bad",
  silent: "bad",
  auth_failed: "bad",
  not_video: "bad",
  ended: "bad",
  stalled: "bad",
  corrupt: "bad",
  offline: "bad",
  disabled: "",
};

export function cameraTone(state: CameraStateName): Tone {
  return TONES[state] ?? "bad";
}

/** A camera that somebody should look at; one on purpose switched off, or just connecting, is not. */
export function isFaulty(state: CameraState): boolean {
  return cameraTone(state.state) === "bad";
}

// As the gateway counts them: its own words and metrics change at the same marks.
const CLOCK_WARN_S = 5;
const CLOCK_FAIL_S = 30;

/** How far a camera's clock may be from ours before it deserves a word, and before its times are worth nothing. */
export function clockTone(offsetS: number): "good" | "warn" | "bad" {
  const off = Math.abs(offsetS);
  if (off >= CLOCK_FAIL_S) return "bad";
  return off >= CLOCK_WARN_S ? "warn" : "good";
}

/** A newer gateway may note what this page has no words for. */
export function isKnownNote(note: string): note is CameraNote {
  return (CAMERA_NOTES as readonly string[]).includes(note);
}

const WELL_WATCHED = 0.95;

/** A camera of which somebody should ask why it was not watched today. */
export function isPoorlyWatched(share: number | null): share is number {
  return share !== null && share < WELL_WATCHED;
}
