/** Reads a point's code from a photo where the browser can; everywhere else it is typed. */

interface Detector {
  detect: (source: ImageBitmapSource) => Promise<{ rawValue: string }[]>;
}
type DetectorClass = { new (options?: { formats: string[] }): Detector; getSupportedFormats?: () => Promise<string[]> };

function detectorClass(): DetectorClass | undefined {
  return (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
}

export const canScan = (): boolean => detectorClass() !== undefined;

/** The code on a photo, null where none is seen. */
export async function codeOn(photo: Blob): Promise<string | null> {
  const Detector = detectorClass();
  if (!Detector) return null;
  const picture = await createImageBitmap(photo);
  try {
    const found = await new Detector({ formats: ["qr_code", "code_128", "ean_13", "data_matrix"] }).detect(picture);
    return found[0]?.rawValue.trim() || null;
  } catch (error) {
    // Some systems name the class but lack what it needs.
    if (error instanceof DOMException) return null;
    throw error;
  } finally {
    picture.close();
  }
}
