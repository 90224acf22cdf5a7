import { onScopeDispose, ref, type Ref } from "vue";

// Below this a desk of three columns has no room for the picture.
export const DESK_QUERY = "(min-width: 1100px)";

export function useMedia(query: string): Ref<boolean> {
  const list = window.matchMedia(query);
  const matches = ref(list.matches);
  const follow = () => (matches.value = list.matches);
  list.addEventListener("change", follow);
  onScopeDispose(() => list.removeEventListener("change", follow));
  return matches;
}

export const useDesk = (): Ref<boolean> => useMedia(DESK_QUERY);
