import { onScopeDispose, ref, shallowRef, watch, type Ref } from "vue";
import { configApi } from "@/api/config";
import { api } from "@/api/endpoints";
import { asProblem } from "@/api/problem";
import type { CameraDetail, ReviewEntry } from "@/api/types";
import { useSessionStore } from "@/stores/session";
import { dayHits, type DayHit } from "./hits";

export interface MovedView {
  since: string;
  eventId: string;
  referenceId: string | null; // what the camera showed before
}

const MOVED = "camera_fault.moved";
// A camera that is offline for days is not asked every three seconds for days.
const RETRY_MS = 3_000;
const LONGEST_RETRY_MS = 60_000;

/** The picture that zones are drawn on, what was flagged in it in the last day, and whether it looks elsewhere now. */
export function usePictureFacts(cameraId: Ref<string>) {
  const session = useSessionStore();
  const picture = ref("");
  const takenAt = ref<string | null>(null);
  const hits = shallowRef<Omit<DayHit, "inside">[]>([]);
  const moved = shallowRef<MovedView | null>(null);
  const camera = shallowRef<CameraDetail | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let gone = false;
  let pauseMs = RETRY_MS;

  function keepPicture(url: string, at: string | null): void {
    if (picture.value) URL.revokeObjectURL(picture.value);
    picture.value = url;
    takenAt.value = at;
  }

  async function loadPicture(): Promise<void> {
    if (!session.can("footage.view")) return keepPicture("", null);
    try {
      const { blob, headers } = await api.picture(cameraId.value);
      keepPicture(URL.createObjectURL(blob), headers.get("X-Picture-At"));
      pauseMs = RETRY_MS;
    } catch (error) {
      asProblem(error); // zones can be seen and named without a picture
      keepPicture("", null);
      awaitPicture();
    }
  }

  /** A camera that was just saved has its first picture within seconds. */
  function awaitPicture(): void {
    clearTimeout(timer);
    if (gone) return;
    timer = setTimeout(() => void Promise.all([loadPicture(), loadCamera()]), pauseMs);
    pauseMs = Math.min(LONGEST_RETRY_MS, pauseMs * 2);
  }

  async function loadHits(): Promise<void> {
    if (!session.can("review.read")) return;
    try {
      const pages = await Promise.all([configApi.hits(cameraId.value, "waiting"), configApi.hits(cameraId.value, "judged")]);
      const entries = pages.flatMap((page) => page.items);
      hits.value = dayHits(entries, Date.now());
      moved.value = movedOf(entries);
    } catch (error) {
      asProblem(error);
      hits.value = [];
    }
  }

  async function loadCamera(): Promise<void> {
    try {
      camera.value = await api.camera(cameraId.value);
    } catch (error) {
      asProblem(error); // a camera that is configured but not yet watched
    }
  }

  async function load(): Promise<void> {
    pauseMs = RETRY_MS;
    await Promise.all([loadPicture(), loadHits(), loadCamera()]);
  }

  watch(cameraId, load, { immediate: true });
  onScopeDispose(() => {
    gone = true;
    clearTimeout(timer);
    keepPicture("", null);
  });
  return { picture, takenAt, hits, moved, camera, load };
}

/** The view that moved and has not come back. */
function movedOf(entries: readonly ReviewEntry[]): MovedView | null {
  const open = entries.find(({ event }) => event.event_type === MOVED && event.state === "open");
  return open ? { since: open.event.started_at, eventId: open.event.id, referenceId: open.reference_id } : null;
}
