import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from "vue";
import { configApi, type CameraDoc, type Offset, type TakenReference } from "@/api/config";
import { asProblem, type ApiProblem } from "@/api/problem";
import { useSessionStore } from "@/stores/session";
import { presetsOf, referencesOf } from "./draft";
import { bestOf, presetSeen } from "./shift";

const COMPARE_EVERY_MS = 15_000;
// More the gateway does not compare at once.
const MOST_COMPARED = 16;

/** The view whose zones are drawn: its reference picture, and where the camera looks now against it. */
export function useViews(cameraId: Ref<string>, doc: Ref<CameraDoc | null>) {
  const session = useSessionStore();
  const chosen = ref<string | null>(null); // a preset; null: what belongs to every view
  const behind = ref(""); // address of the reference picture, "" for none
  const takenAt = ref<string | null>(null);
  const offsets = shallowRef<ReadonlyMap<string, Offset>>(new Map());
  const compared = ref(false);
  const busy = ref(false);
  const problem = shallowRef<ApiProblem | null>(null);
  let gone = false;

  const presets = computed(() => (doc.value ? presetsOf(doc.value) : []));
  const references = computed(() => (doc.value ? referencesOf(doc.value, chosen.value) : []));
  const all = computed(() => {
    const ids = [references.value, ...presets.value.map((preset) => preset.references ?? []), doc.value?.references ?? []];
    return [...new Set(ids.flat())].slice(0, MOST_COMPARED);
  });
  const offset = computed(() => bestOf(references.value.flatMap((id) => offsets.value.get(id) ?? [])));
  const seen = computed(() => presetSeen(presets.value, offsets.value));

  function show(url: string, at: string | null): void {
    if (behind.value) URL.revokeObjectURL(behind.value);
    behind.value = url;
    takenAt.value = at;
  }

  async function load(): Promise<void> {
    const wanted = references.value[0];
    if (!wanted || !session.can("footage.view")) return show("", null);
    try {
      const { blob, headers } = await configApi.reference(cameraId.value, wanted);
      if (gone || wanted !== references.value[0]) return;
      show(URL.createObjectURL(blob), headers.get("X-Picture-At"));
    } catch (error) {
      asProblem(error); // zones can be drawn on the present picture
      if (wanted === references.value[0]) show("", null);
    }
  }

  async function compare(): Promise<void> {
    if (all.value.length === 0 || document.visibilityState === "hidden") return;
    try {
      const answer = await configApi.offsets(cameraId.value, all.value);
      offsets.value = new Map(answer.offsets.map((each) => [each.reference, each]));
      compared.value = true;
    } catch (error) {
      asProblem(error); // the camera is away: nothing can be said
      offsets.value = new Map();
    }
  }

  /** Keep what the camera shows now; null when that failed, see `problem`. */
  async function take(): Promise<TakenReference | null> {
    if (busy.value) return null;
    busy.value = true;
    problem.value = null;
    try {
      return await configApi.takeReference(cameraId.value, references.value[0] ?? null);
    } catch (error) {
      problem.value = asProblem(error);
      return null;
    } finally {
      busy.value = false;
    }
  }

  // A preset that an undo took away is not chosen any more; with presets, people begin at the first.
  watch(presets, (now, before) => {
    if (!now.some((preset) => preset.id === chosen.value) && chosen.value !== null) chosen.value = null;
    else if (before?.length === 0 && now[0]?.references?.length) chosen.value = now[0].id;
  });
  watch(() => references.value[0], load, { immediate: true });
  watch(() => all.value.join(","), compare, { immediate: true });
  const timer = setInterval(() => void compare(), COMPARE_EVERY_MS);
  onScopeDispose(() => {
    gone = true;
    clearInterval(timer);
    show("", null);
  });
  return { chosen, presets, references, behind, takenAt, offset, seen, compared, busy, problem, take, compare };
}

export type ViewDesk = ReturnType<typeof useViews>;
