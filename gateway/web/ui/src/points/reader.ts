/** Reads codes of points: by the browser where it can, else by the gateway, which keeps nothing of the picture. */

import { ApiProblem, type ProblemCode } from "@/api/problem";
import { pointsApi } from "@/api/points";
import { fitting } from "@/worker/picture";

type Source = HTMLVideoElement | ImageBitmap;

interface Detector {
  detect: (source: ImageBitmapSource) => Promise<{ rawValue: string }[]>;
}
type DetectorClass = { new (options?: { formats: string[] }): Detector; getSupportedFormats?: () => Promise<string[]> };

const QR = "qr_code";
// A sign at arm's length is read well at this size, and such a frame is small enough for a village line.
const FRAME_SIDE_PX = 800;
const FRAME_QUALITY = 0.7;
/** Between two looks. */
export const BROWSER_EVERY_MS = 200;
export const GATEWAY_EVERY_MS = 900;
const CODE = /^[A-Za-z0-9_-]{4,64}$/;

export type Seen = { kind: "code"; code: string } | { kind: "other" } | { kind: "none" } | { kind: "lost"; problem: ProblemCode };

export interface Reader {
  by: "browser" | "gateway";
  everyMs: number;
  look: (source: Source) => Promise<Seen>;
}

/** What a code says, told apart from codes of others, such as a shop's address. */
export function seenIn(text: string | null | undefined): Seen {
  const said = text?.trim();
  if (!said) return { kind: "none" };
  return CODE.test(said) ? { kind: "code", code: said } : { kind: "other" };
}

async function detector(): Promise<Detector | null> {
  const Detector = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
  if (!Detector) return null;
  // Some systems name the class but read no kind of code.
  const formats = (await Detector.getSupportedFormats?.()) ?? [QR];
  return formats.includes(QR) ? new Detector({ formats: [QR] }) : null;
}

function frame(source: Source): Promise<Blob | null> {
  const [width, height] = source instanceof HTMLVideoElement ? [source.videoWidth, source.videoHeight] : [source.width, source.height];
  const canvas = Object.assign(document.createElement("canvas"), fitting(width, height, FRAME_SIDE_PX));
  const brush = canvas.getContext("2d");
  if (!brush || !width || !height) return Promise.resolve(null);
  brush.drawImage(source, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", FRAME_QUALITY));
}

async function askGateway(source: Source): Promise<Seen> {
  const picture = await frame(source);
  if (!picture) return { kind: "none" };
  try {
    return seenIn((await pointsApi.readCode(picture)).code);
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    // Somebody else's frame is being read: the next one is on its way.
    return error.code === "too_many_tries" ? { kind: "none" } : { kind: "lost", problem: error.code };
  }
}

export async function openReader(): Promise<Reader> {
  const own = await detector();
  if (!own) return { by: "gateway", everyMs: GATEWAY_EVERY_MS, look: askGateway };
  let works = true;
  const look = async (source: Source): Promise<Seen> => {
    if (!works) return askGateway(source);
    try {
      return seenIn((await own.detect(source))[0]?.rawValue);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      // It lacks what it needs on this system.
      works = false;
      return askGateway(source);
    }
  };
  return { by: "browser", everyMs: BROWSER_EVERY_MS, look };
}

/** The code on a photo. */
export async function codeOnPhoto(photo: Blob): Promise<Seen> {
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(photo, { imageOrientation: "from-image" });
  } catch (error) {
    if (error instanceof DOMException) return { kind: "none" };
    throw error;
  }
  try {
    return await (await openReader()).look(picture);
  } finally {
    picture.close();
  }
}
