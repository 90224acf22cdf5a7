import { computed, onBeforeUnmount, ref, watch, type Ref } from "vue";
import { api, liveUrl } from "@/api/endpoints";
import { ApiProblem } from "@/api/problem";
import type { LiveHello } from "@/api/types";
import { DEAD_AFTER_MS, DELAYED_AFTER_MS } from "./fragments";
import { canPlay, MseSink } from "./mseSink";

export type LiveMode = "video" | "stills" | "last";
export type LiveBadge = "connecting" | "live" | "delayed" | "stills" | "last" | "offline" | "paused" | "none";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 20_000;
const STILL_EVERY_MS = 5_000;
const CLOSED_NO_RIGHT = [4401, 4403, 4404];

interface Watched {
  cameraId: Ref<string>;
  video: Ref<HTMLVideoElement | null>;
  online: Ref<boolean>; // whether the gateway says that the camera delivers
}

/** One camera's live picture: video where the browser can, single pictures otherwise, the last one at least. */
export function useLive({ cameraId, video, online }: Watched) {
  const mode = ref<LiveMode>("last");
  const still = ref<string | null>(null); // object URL
  const stillAt = ref<number | null>(null);
  const lastMediaAt = ref(0);
  const behindS = ref(0);
  const connected = ref(false);
  const barred = ref(false);
  const unsupported = ref(false);
  const hidden = ref(document.hidden);
  const tick = ref(Date.now());
  let socket: WebSocket | null = null;
  let sink: MseSink | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  let nextStillMs = 0;

  const silentMs = computed(() => (lastMediaAt.value ? tick.value - lastMediaAt.value : Number.POSITIVE_INFINITY));
  const fresh = computed(() => connected.value && silentMs.value < DEAD_AFTER_MS);
  const badge = computed<LiveBadge>(() => {
    if (hidden.value) return "paused";
    if (mode.value === "video" && fresh.value) return silentMs.value > DELAYED_AFTER_MS ? "delayed" : "live";
    if (mode.value === "stills" && fresh.value) return "stills";
    if (!online.value) return "offline";
    if (still.value !== null) return "last";
    return barred.value ? "none" : "connecting";
  });

  function showStill(blob: Blob, at: number): void {
    if (still.value) URL.revokeObjectURL(still.value);
    still.value = URL.createObjectURL(blob);
    stillAt.value = at;
  }

  async function fetchStill(): Promise<void> {
    nextStillMs = Date.now() + STILL_EVERY_MS;
    try {
      const { blob, headers } = await api.picture(cameraId.value);
      showStill(blob, Date.parse(headers.get("X-Picture-At") ?? "") || Date.now());
    } catch (error) {
      // Nothing newer to show; what is on the screen says how old it is.
      if (!(error instanceof ApiProblem)) throw error;
      barred.value = error.code === "access_denied";
    }
  }

  function drop(): void {
    clearTimeout(retry);
    connected.value = false;
    lastMediaAt.value = 0;
    if (socket) socket.onclose = socket.onmessage = null;
    socket?.close();
    socket = null;
    sink?.close();
    sink = null;
    if (mode.value === "video") mode.value = "last";
  }

  function again(): void {
    drop();
    retry = setTimeout(connect, pauseMs * (0.75 + Math.random() / 2));
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }

  function onHello(hello: LiveHello): void {
    if (hello.kind === "error") return again();
    if (hello.kind === "jpeg") {
      mode.value = "stills";
    } else if (canPlay(hello.mime) && video.value) {
      mode.value = "video";
      sink = new MseSink(video.value, hello.mime, again);
    } else {
      unsupported.value = true;
      drop();
    }
  }

  function onMedia(data: ArrayBuffer): void {
    lastMediaAt.value = Date.now();
    pauseMs = FIRST_PAUSE_MS;
    if (mode.value === "stills") showStill(new Blob([data], { type: "image/jpeg" }), Date.now());
    else sink?.push(data);
  }

  function onMessage(message: MessageEvent<string | ArrayBuffer>): void {
    if (typeof message.data === "string") onHello(JSON.parse(message.data) as LiveHello);
    else onMedia(message.data);
  }

  function onClose(event: CloseEvent): void {
    barred.value = CLOSED_NO_RIGHT.includes(event.code);
    if (barred.value) drop();
    else again();
  }

  function connect(): void {
    if (socket || hidden.value || unsupported.value) return;
    socket = new WebSocket(liveUrl(cameraId.value));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => (connected.value = true);
    socket.onmessage = onMessage;
    socket.onclose = onClose;
  }

  function onVisibility(): void {
    hidden.value = document.hidden;
    if (hidden.value) return drop();
    pauseMs = FIRST_PAUSE_MS;
    connect();
  }

  const timer = setInterval(() => {
    tick.value = Date.now();
    behindS.value = sink?.lagS() ?? 0;
    if (hidden.value || barred.value) return;
    // A line can die without a word: nothing for long means beginning anew.
    if (connected.value && lastMediaAt.value && silentMs.value > DEAD_AFTER_MS) again();
    if (!fresh.value && tick.value >= nextStillMs) void fetchStill();
  }, 1_000);

  watch(cameraId, () => {
    drop();
    barred.value = unsupported.value = false;
    if (still.value) URL.revokeObjectURL(still.value);
    still.value = stillAt.value = null;
    void fetchStill();
    connect();
  }, { immediate: true });
  document.addEventListener("visibilitychange", onVisibility);
  onBeforeUnmount(() => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", onVisibility);
    drop();
    if (still.value) URL.revokeObjectURL(still.value);
  });

  return { mode, badge, still, stillAt, behindS, barred, unsupported };
}
