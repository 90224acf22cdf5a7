import type { CameraState, CameraStateName } from "@/api/types";

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
