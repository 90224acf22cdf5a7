import { onScopeDispose } from "vue";
import { useChangesStore, type ChangeKind } from "@/stores/changes";

// A busy gateway tells of many changes at once; one look serves them all.
const GATHER_MS = 600;

/** Look again after changes of these kinds, or after the stream was lost; never more often than every `GATHER_MS`. */
export function useChanges(kinds: readonly ChangeKind[], look: () => unknown): void {
  const changes = useChangesStore();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const gather = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void look();
    }, GATHER_MS);
  };
  const ends = [...kinds.map((kind) => changes.on(kind, gather)), changes.onResume(gather)];
  onScopeDispose(() => {
    clearTimeout(timer);
    for (const end of ends) end();
  });
}
