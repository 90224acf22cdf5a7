/** One look at where the phone is, when somebody asks for it. Nothing is followed, nothing is kept here. */

export interface Position {
  lon: number;
  lat: number;
  accuracy_m: number;
  at: string;
}

export type Unplaced = "insecure" | "denied" | "unavailable" | "timeout";

const TIMEOUT_MS = 20_000;

export class PositionProblem extends Error {
  constructor(readonly why: Unplaced) {
    super(why);
  }
}

const BY_CODE: Record<number, Unplaced> = { 1: "denied", 2: "unavailable", 3: "timeout" };

export function whereAmI(): Promise<Position> {
  // Browsers tell it on secure pages only.
  if (!window.isSecureContext) return Promise.reject(new PositionProblem("insecure"));
  if (!("geolocation" in navigator)) return Promise.reject(new PositionProblem("unavailable"));
  return new Promise((resolve, reject) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords, timestamp }) =>
        resolve({
          lon: coords.longitude, lat: coords.latitude, accuracy_m: Math.round(coords.accuracy), at: new Date(timestamp).toISOString(),
        }),
      (error) => reject(new PositionProblem(BY_CODE[error.code] ?? "unavailable")),
      { enableHighAccuracy: true, timeout: TIMEOUT_MS, maximumAge: 0 },
    );
  });
}
