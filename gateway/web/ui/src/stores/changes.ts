import { defineStore } from "pinia";
import { streamUrl } from "@/api/endpoints";
import { useConnectionStore } from "./connection";

export type ChangeKind = "review" | "case" | "camera" | "delivery" | "patrol" | "task" | "site";
export interface ChangeNote {
  ref_id: string;
  grid_id: string | null;
}
type Listener = (note: ChangeNote) => void;

const KINDS: readonly ChangeKind[] = ["review", "case", "camera", "delivery", "patrol", "task", "site"];
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** The gateway's stream of "something changed": one connection for all pages, opened again when it breaks. */
export const useChangesStore = defineStore("changes", () => {
  const connection = useConnectionStore();
  const listeners = new Map<ChangeKind, Set<Listener>>(KINDS.map((kind) => [kind, new Set()]));
  const resumed = new Set<() => void>();
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  let opened = false;

  function pass(kind: ChangeKind, message: MessageEvent<string>): void {
    const note = JSON.parse(message.data) as ChangeNote;
    for (const listener of listeners.get(kind) ?? []) listener(note);
  }

  function onOpen(): void {
    pauseMs = FIRST_PAUSE_MS;
    connection.streaming = true;
    // What happened while nobody listened is not told again by a fresh connection: everybody looks for themselves.
    if (opened) for (const listener of resumed) listener();
    opened = true;
  }

  function onError(): void {
    connection.streaming = false;
    // While CONNECTING the browser tries again by itself and resumes by Last-Event-ID.
    if (source?.readyState !== EventSource.CLOSED) return;
    close();
    timer = setTimeout(open, pauseMs * (0.75 + Math.random() / 2));
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }

  function open(): void {
    if (source) return;
    source = new EventSource(streamUrl());
    source.onopen = onOpen;
    source.onerror = onError;
    for (const kind of KINDS) source.addEventListener(kind, (message) => pass(kind, message as MessageEvent<string>));
  }

  function close(): void {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  function stop(): void {
    close();
    opened = false;
    connection.streaming = true;
  }

  /** Call `listener` on every change of that kind; gives the function that ends it. */
  function on(kind: ChangeKind, listener: Listener): () => void {
    listeners.get(kind)?.add(listener);
    return () => listeners.get(kind)?.delete(listener);
  }

  function onResume(listener: () => void): () => void {
    resumed.add(listener);
    return () => resumed.delete(listener);
  }

  return { open, stop, on, onResume };
});
