import { useI18n } from "vue-i18n";
import type { CameraDoc } from "@/api/config";
import { useSay } from "@/composables/useSay";
import { useReferenceStore } from "@/stores/reference";
import type { Lexicon } from "./changeWords";

/** Words for changes; the documents say what their zones and rules are called. */
export function useLexicon(cameras: () => readonly (CameraDoc | null | undefined)[]): () => Lexicon {
  const { t, te } = useI18n();
  const say = useSay();
  const reference = useReferenceStore();
  return () => ({
    t,
    te: (key: string) => te(key),
    typeName: say.typeName,
    gridName: reference.gridName,
    cameras: cameras().filter((one): one is CameraDoc => Boolean(one)),
  });
}
