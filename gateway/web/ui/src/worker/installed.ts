/** The service worker that makes the page installable: registered once, told the words it may have to say. */

import { watch } from "vue";
import { i18n } from "@/locales";

const WORKER = "/sw.js";

/** A worker has no locale of its own: the page gives it the few words that a notification needs. */
async function tellWords(): Promise<void> {
  const { t } = i18n.global;
  const words = { title: t("push.note.title"), one: t("push.note.S1"), other: t("push.note.S2") };
  (await navigator.serviceWorker.ready).active?.postMessage({ kind: "words", words });
}

export function install(): void {
  // Plain http has none: everything else works all the same.
  if (!window.isSecureContext || !("serviceWorker" in navigator) || import.meta.env.DEV) return;
  navigator.serviceWorker.register(WORKER).then(tellWords, (error: unknown) => {
    if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
  });
  watch(i18n.global.locale, () => void tellWords());
}
