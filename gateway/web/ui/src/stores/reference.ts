import { defineStore } from "pinia";
import { ref, shallowRef } from "vue";
import { api } from "@/api/endpoints";
import { ApiProblem } from "@/api/problem";
import type { EventType, Grid } from "@/api/types";
import { cacheRead, cacheWrite } from "./cache";

/** Event types and grids: loaded once after sign-in. Without them the pages still speak, by their own words. */
export const useReferenceStore = defineStore("reference", () => {
  const taxonomy = shallowRef<EventType[]>([]);
  const grids = shallowRef<Grid[]>([]);
  const loaded = ref(false);

  async function one<T>(key: string, fetch: () => Promise<T[]>): Promise<T[]> {
    try {
      const answer = await fetch();
      cacheWrite(key, answer);
      return answer;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      return cacheRead<T[]>(key)?.value ?? [];
    }
  }

  async function load(): Promise<void> {
    if (loaded.value) return;
    loaded.value = true;
    [taxonomy.value, grids.value] = await Promise.all([one("taxonomy", api.taxonomy), one("grids", api.grids)]);
  }

  function gridName(gridId: string): string {
    return grids.value.find((grid) => grid.id === gridId)?.name ?? gridId;
  }

  function forget(): void {
    loaded.value = false;
    taxonomy.value = [];
    grids.value = [];
  }

  return { taxonomy, grids, loaded, load, gridName, forget };
});
