/** How much crossed a camera's lines, by the hour. */
import { getJson } from "./client";

export interface HourCount {
  hour: string; // its beginning
  label: string;
  along: number;
  against: number;
}

export interface LineCounts {
  zone_id: string;
  name: string;
  objects: string[]; // what is counted now; empty: nothing any more
  along: number;
  against: number;
  hours: HourCount[];
}

export interface CameraCounts {
  start: string;
  end: string;
  lines: LineCounts[];
}

export function cameraCounts(cameraId: string): Promise<CameraCounts> {
  return getJson<CameraCounts>(`/cameras/${encodeURIComponent(cameraId)}/counts`);
}
