/** Why a camera could not be had, as the gateway says it in one word. */
export const DEVICE_FAULTS = [
  "unreachable",
  "auth_failed",
  "clock_off",
  "not_onvif",
  "no_video",
  "timeout",
  "expired",
  "unavailable",
  "unexpected",
] as const;
export type DeviceFault = (typeof DEVICE_FAULTS)[number];

export function asKnownFault(code: string): DeviceFault {
  // A connection that the gateway no longer knows has passed its half hour.
  if (code === "not_found") return "expired";
  return DEVICE_FAULTS.find((fault) => fault === code) ?? "unexpected";
}
