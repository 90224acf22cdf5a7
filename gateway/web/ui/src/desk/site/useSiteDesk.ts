/** One kind of the site's entries: listed, drafted, looked at before it is saved, and saved with a reason. */
import { computed, ref, shallowRef, watch, type Ref } from "vue";
import { newKey } from "@/api/client";
import { asProblem, type ApiProblem } from "@/api/problem";
import { siteApi, type EntryDoc, type EntryKind, type SavedEntry, type SiteEntry } from "@/api/site";
import { useResource } from "@/composables/useResource";
import { emptyDoc, idKey } from "./entries";

export function useSiteDesk(kind: Ref<EntryKind>) {
  const list = useResource({ key: () => `site-${kind.value}`, fetch: () => siteApi.entries(kind.value) });
  const chosen = shallowRef<SiteEntry | null>(null);
  const doc = shallowRef<EntryDoc>({});
  const isNew = ref(false);
  const looked = shallowRef<SavedEntry | null>(null);
  const removing = ref(false);
  const asking = ref(false);
  const busy = ref(false);
  const problem = shallowRef<ApiProblem | null>(null);
  const items = computed(() => list.data.value?.items ?? []);
  const dirty = computed(() => chosen.value !== null && JSON.stringify(doc.value) !== JSON.stringify(chosen.value.document));

  function choose(entry: SiteEntry): void {
    [chosen.value, doc.value, isNew.value, looked.value] = [entry, entry.document, false, null];
  }

  function begin(region = ""): void {
    const fresh = emptyDoc(kind.value, region);
    choose({ id: "", version: 0, document: fresh, effective: null, shipped: false, used_by: 0 });
    isNew.value = true;
  }

  function change(next: EntryDoc): void {
    doc.value = next;
  }

  const wanted = () => ({
    id: isNew.value ? String(doc.value[idKey(kind.value)] ?? "") : (chosen.value?.id ?? ""),
    document: removing.value ? null : doc.value,
    base_version: chosen.value?.version ?? 0,
  });

  /** Say what would change; the dialog opens only where nothing speaks against it. */
  async function look(remove = false): Promise<void> {
    [removing.value, busy.value, problem.value, looked.value] = [remove, true, null, null];
    try {
      looked.value = await siteApi.preview(kind.value, wanted());
      asking.value = looked.value.problems.length === 0;
    } catch (error) {
      problem.value = asProblem(error);
    } finally {
      busy.value = false;
    }
  }

  /** Return whether it was saved. */
  async function save(reason: string): Promise<boolean> {
    [busy.value, problem.value] = [true, null];
    try {
      const saved = await siteApi.save(kind.value, wanted(), reason, newKey());
      asking.value = false;
      if (saved.entry) choose(saved.entry);
      else chosen.value = null;
      await list.load();
      return true;
    } catch (error) {
      problem.value = asProblem(error);
      return false;
    } finally {
      busy.value = false;
    }
  }

  watch(kind, () => ([chosen.value, looked.value, problem.value] = [null, null, null]));
  return { list, items, chosen, doc, isNew, looked, removing, asking, busy, problem, dirty, choose, begin, change, look, save };
}
