/** Pictures of a worker's own making: frames, photos. Made small before they go over a village line. */

const LONGEST_SIDE_PX = 1_600;
const QUALITY = 0.85;
// What the gateway takes for a frame is 2 MiB of base64's source.
export const FRAME_MAX_BYTES = 2 * 1_048_576;

/** The size that fits, never larger than the source. */
export function fitting(width: number, height: number, longest = LONGEST_SIDE_PX): { width: number; height: number } {
  const scale = Math.min(1, longest / Math.max(width, height, 1));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

function jpeg(canvas: HTMLCanvasElement, quality: number): Promise<Blob | null> {
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
}

/** Draw a picture anew as JPEG: smaller, upright, without what the phone wrote into the file. */
async function drawn(source: CanvasImageSource, width: number, height: number): Promise<Blob | null> {
  const size = fitting(width, height);
  const canvas = Object.assign(document.createElement("canvas"), size);
  const brush = canvas.getContext("2d");
  if (!brush || !width || !height) return null;
  brush.drawImage(source, 0, 0, size.width, size.height);
  const fine = await jpeg(canvas, QUALITY);
  return fine && fine.size > FRAME_MAX_BYTES ? jpeg(canvas, QUALITY / 2) : fine;
}

/** The picture on the screen as it stands, null when there is none yet. */
export function frameOf(seen: HTMLVideoElement | HTMLImageElement): Promise<Blob | null> {
  const [width, height] =
    seen instanceof HTMLVideoElement ? [seen.videoWidth, seen.videoHeight] : [seen.naturalWidth, seen.naturalHeight];
  return drawn(seen, width, height);
}

/** A photo from the phone's camera, upright and small; the file itself when the browser cannot read it. */
export async function smaller(file: Blob): Promise<Blob> {
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch (error) {
    if (error instanceof DOMException) return file;
    throw error;
  }
  try {
    return (await drawn(picture, picture.width, picture.height)) ?? file;
  } finally {
    picture.close();
  }
}

/** What a file holds as base64, without the words before it. */
export function base64Of(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
