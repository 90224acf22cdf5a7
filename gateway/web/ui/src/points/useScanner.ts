import { onBeforeUnmount, ref, shallowRef, type Ref } from "vue";
import type { ProblemCode } from "@/api/problem";
import { CameraProblem, closeCamera, openCamera, type NoCamera } from "./camera";
import { openReader, type Reader } from "./reader";

/** Nobody holds a phone before a sign for longer; then the camera rests, and so does the line. */
export const MOST_SCAN_MS = 60_000;

export type ScanState = "idle" | "opening" | "looking" | "rested";

/** A live look for a code through the camera; it ends with the code, with the page, or by itself. */
export function useScanner(video: Ref<HTMLVideoElement | null>, found: (code: string) => void) {
  const state = ref<ScanState>("idle");
  const why = ref<NoCamera | null>(null);
  const other = ref(false); // a code was seen that is none of ours
  const lost = ref<ProblemCode | null>(null); // the gateway, which has to read, did not
  const by = ref<Reader["by"] | null>(null);
  const stream = shallowRef<MediaStream | null>(null);
  let turn = 0;

  function stop(next: ScanState = "idle"): void {
    turn += 1;
    closeCamera(stream.value);
    stream.value = null;
    if (video.value) video.value.srcObject = null;
    state.value = next;
  }

  async function start(): Promise<void> {
    stop("opening");
    const mine = turn;
    why.value = lost.value = null;
    other.value = false;
    try {
      const [opened, reader] = [await openCamera(), await openReader()];
      if (mine !== turn) return closeCamera(opened);
      stream.value = opened;
      by.value = reader.by;
      await show(opened);
      if (mine !== turn) return;
      state.value = "looking";
      void look(reader, mine, Date.now() + MOST_SCAN_MS);
    } catch (error) {
      if (!(error instanceof CameraProblem)) throw error;
      if (mine !== turn) return;
      why.value = error.why;
      stop();
    }
  }

  async function show(opened: MediaStream): Promise<void> {
    if (!video.value) return;
    video.value.srcObject = opened;
    try {
      await video.value.play();
    } catch (error) {
      // Closed while it was starting.
      if (!(error instanceof DOMException)) throw error;
    }
  }

  async function look(reader: Reader, mine: number, untilMs: number): Promise<void> {
    while (mine === turn && video.value) {
      const seen = video.value.readyState >= 2 ? await reader.look(video.value) : ({ kind: "none" } as const);
      if (mine !== turn) return;
      lost.value = seen.kind === "lost" ? seen.problem : null;
      if (seen.kind === "other") other.value = true;
      if (seen.kind === "code") {
        stop();
        return found(seen.code);
      }
      if (Date.now() >= untilMs) return stop("rested");
      await new Promise((resolve) => setTimeout(resolve, reader.everyMs));
    }
  }

  const onVisibility = () => {
    if (document.hidden && state.value !== "idle") stop("rested");
  };
  document.addEventListener("visibilitychange", onVisibility);
  onBeforeUnmount(() => {
    document.removeEventListener("visibilitychange", onVisibility);
    stop();
  });

  return { state, why, other, lost, by, start, stop: () => stop() };
}
