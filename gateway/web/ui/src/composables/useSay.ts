import { computed } from "vue";
import { useI18n } from "vue-i18n";
import type { SceneEvent } from "@/api/types";
import * as words from "@/domain/words";
import { useReferenceStore } from "@/stores/reference";

/** Plain words for events in the language in use. */
export function useSay() {
  const { t, te, locale } = useI18n();
  const reference = useReferenceStore();
  const speaker = computed<words.Speaker>(() => ({ t, te, locale: locale.value }));
  return {
    t,
    locale,
    typeName: (eventType: string) => words.typeName(eventType, reference.taxonomy, speaker.value),
    objectName: (label: string) => words.objectName(label, speaker.value),
    what: (event: SceneEvent) => words.whatWords(event, reference.taxonomy, speaker.value),
    where: (place: string, zone: string | null) => words.whereWords(place, zone, locale.value),
    sentence: (entry: { event: SceneEvent; place: string }) =>
      words.sentence(entry, reference.taxonomy, speaker.value),
  };
}
