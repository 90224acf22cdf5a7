import { onBeforeUnmount, ref } from "vue";

// The gateway takes 8 MiB; two minutes of speech are well below one.
const LONGEST_MS = 120_000;
const KINDS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];

/** Records a voice note. `able` is false where the browser or the connection (plain http) has no microphone. */
export function useRecorder(done: (sound: Blob) => void) {
  const able = typeof MediaRecorder !== "undefined" && Boolean(navigator.mediaDevices);
  const recording = ref(false);
  const refused = ref(false);
  let recorder: MediaRecorder | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function begin(stream: MediaStream): void {
    const mimeType = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
    const parts: Blob[] = [];
    recorder = new MediaRecorder(stream, { ...(mimeType ? { mimeType } : {}), audioBitsPerSecond: 24_000 });
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = () => {
      for (const track of stream.getTracks()) track.stop();
      recording.value = false;
      const type = (recorder?.mimeType ?? "audio/webm").split(";")[0] ?? "audio/webm";
      if (parts.some((part) => part.size > 0)) done(new Blob(parts, { type }));
    };
    recorder.start();
    recording.value = true;
    timer = setTimeout(stop, LONGEST_MS);
  }

  async function start(): Promise<void> {
    refused.value = false;
    try {
      begin(await navigator.mediaDevices.getUserMedia({ audio: true }));
    } catch (error) {
      // No microphone, or the person said no: a note can be typed.
      if (!(error instanceof DOMException)) throw error;
      refused.value = true;
    }
  }

  function stop(): void {
    clearTimeout(timer);
    if (recorder?.state === "recording") recorder.stop();
  }

  onBeforeUnmount(stop);
  return { able, recording, refused, start, stop };
}
