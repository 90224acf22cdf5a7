import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from "vue";
import { newKey } from "@/api/client";
import { configApi, type CameraDoc, type Change, type CheckAnswer, type ConfigCamera, type Finding } from "@/api/config";
import { asProblem, type ApiProblem } from "@/api/problem";
import { History } from "./history";
import { changesBetween, reapplied } from "./merge";

// A pause in typing; the gateway then says what it thinks of it.
const CHECK_AFTER_MS = 500;

export interface Conflict {
  theirs: ConfigCamera;
  author: string; // "" where it cannot be said
  changes: Change[]; // what the other person saved
  clashes: Change[]; // mine that meet it
}

/** A camera's document while it is edited: steps, what the gateway finds wrong with it, saving, and meeting others. */
export function useCameraDraft(cameraId: Ref<string>) {
  const saved = shallowRef<ConfigCamera | null>(null);
  const doc = shallowRef<CameraDoc | null>(null);
  const problem = shallowRef<ApiProblem | null>(null); // of loading
  const refusal = shallowRef<ApiProblem | null>(null); // of saving
  const conflict = shallowRef<Conflict | null>(null);
  const findings = shallowRef<CheckAnswer>({ problems: [], warnings: [] });
  const checking = ref(false);
  const unchecked = ref(false); // the gateway could not be asked about the latest change
  const saving = ref(false);
  const steps = ref(0); // history is no reactive thing: this tells that it moved
  let history: History<CameraDoc> | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking: AbortController | null = null;
  let key = newKey();

  const changes = computed(() => (saved.value && doc.value ? changesBetween(saved.value.document, doc.value) : []));
  const dirty = computed(() => changes.value.length > 0);
  const canUndo = computed(() => steps.value >= 0 && (history?.canUndo ?? false));
  const canRedo = computed(() => steps.value >= 0 && (history?.canRedo ?? false));
  const undoName = computed(() => (steps.value >= 0 ? (history?.next ?? "") : ""));

  function show(next: CameraDoc): void {
    doc.value = next;
    steps.value += 1;
    scheduleCheck();
  }

  function scheduleCheck(): void {
    clearTimeout(timer);
    checking.value = true;
    key = newKey();
    timer = setTimeout(() => void check(), CHECK_AFTER_MS);
  }

  async function check(): Promise<void> {
    if (!doc.value) return;
    asking?.abort();
    const mine = (asking = new AbortController());
    try {
      const answer = await configApi.check(doc.value, mine.signal);
      if (mine.signal.aborted) return;
      findings.value = answer;
      unchecked.value = false;
    } catch (error) {
      if (mine.signal.aborted) return;
      asProblem(error);
      unchecked.value = true;
    }
    checking.value = false;
  }

  function accept(camera: ConfigCamera): void {
    saved.value = camera;
    findings.value = { problems: camera.problems ?? [], warnings: [] };
    refusal.value = null;
    conflict.value = null;
  }

  async function load(): Promise<void> {
    problem.value = null;
    const wanted = cameraId.value;
    try {
      const camera = await configApi.camera(wanted);
      if (wanted !== cameraId.value) return;
      accept(camera);
      history = new History(camera.document);
      show(camera.document);
    } catch (error) {
      if (wanted === cameraId.value) problem.value = asProblem(error);
    }
  }

  function change(name: string, next: CameraDoc, merge: string | null = null): void {
    history?.do(name, next, merge);
    show(next);
  }

  function undo(): string | null {
    const done = history?.undo();
    if (done) show(done.state);
    return done?.name ?? null;
  }

  function redo(): string | null {
    const done = history?.redo();
    if (done) show(done.state);
    return done?.name ?? null;
  }

  async function save(reason: string): Promise<boolean> {
    if (!saved.value || !doc.value || saving.value) return false;
    saving.value = true;
    refusal.value = null;
    const body = { document: doc.value, base_version: saved.value.version, reason };
    try {
      const camera = await configApi.save(cameraId.value, body, key);
      accept(camera);
      history?.replace(camera.document);
      show(camera.document);
      return true;
    } catch (error) {
      await refused(asProblem(error));
      return false;
    } finally {
      saving.value = false;
      key = newKey();
    }
  }

  async function lastAuthor(): Promise<string> {
    try {
      return (await configApi.versions({ camera_id: cameraId.value, limit: 1 })).items[0]?.author ?? "";
    } catch (error) {
      asProblem(error); // who it was is good to know, not needed
      return "";
    }
  }

  async function refused(error: ApiProblem): Promise<void> {
    refusal.value = error;
    const listed = (error.body as { problems?: Finding[] } | null)?.problems;
    if (listed) findings.value = { ...findings.value, problems: listed };
    if (error.code !== "conflict" || !saved.value || !doc.value) return;
    try {
      const theirs = await configApi.camera(cameraId.value);
      const author = await lastAuthor();
      const { clashes } = reapplied(saved.value.document, doc.value, theirs.document);
      conflict.value = { theirs, author, changes: changesBetween(saved.value.document, theirs.document), clashes };
    } catch (again) {
      refusal.value = asProblem(again);
    }
  }

  /** End a conflict: go on from theirs, with or without my own changes. */
  function settle(keepMine: boolean, name: string): void {
    if (!conflict.value || !saved.value || !doc.value) return;
    const { theirs } = conflict.value;
    const merged = reapplied(saved.value.document, doc.value, theirs.document);
    accept(theirs);
    change(name, keepMine ? merged.document : theirs.document);
  }

  function drop(): void {
    if (!saved.value) return;
    history?.reset(saved.value.document);
    refusal.value = null;
    show(saved.value.document);
  }

  watch(cameraId, load, { immediate: true });
  onScopeDispose(() => {
    clearTimeout(timer);
    asking?.abort();
  });

  return {
    saved, doc, problem, refusal, conflict, findings, checking, unchecked, saving, changes, dirty, canUndo, canRedo, undoName,
    load, change, seal: () => history?.seal(), undo, redo, save, settle, drop,
  };
}

export type CameraDraft = ReturnType<typeof useCameraDraft>;
