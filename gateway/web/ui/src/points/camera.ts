/** The phone's camera as a live picture, and in words why there is none. */

export type NoCamera = "insecure" | "denied" | "missing" | "busy";

export class CameraProblem extends Error {
  constructor(readonly why: NoCamera) {
    super(why);
  }
}

const BY_NAME: Record<string, NoCamera> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
};

/** Open the camera at the back; others where there is none. The caller ends its tracks. */
export async function openCamera(): Promise<MediaStream> {
  // Browsers give cameras to secure pages only.
  if (!window.isSecureContext) throw new CameraProblem("insecure");
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices?.getUserMedia) throw new CameraProblem("missing");
  try {
    const video = { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } };
    return await devices.getUserMedia({ audio: false, video });
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    throw new CameraProblem(BY_NAME[error.name] ?? "busy");
  }
}

export function closeCamera(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
