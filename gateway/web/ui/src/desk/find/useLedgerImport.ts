import { computed, onScopeDispose, ref, shallowRef } from "vue";
import { findApi, type LedgerFile, type LedgerJob } from "@/api/find";
import { asProblem, type ApiProblem } from "@/api/problem";
import { mapped, missingFields, suggestMapping, unusedColumns, type Mapping } from "./mapping";

const POLL_MS = 800;
export const LARGEST_FILE = 32 * 1_048_576;
const TYPES: Record<string, string> = {
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  csv: "text/csv",
};

export type Stage = "file" | "columns" | "preview" | "result";
export type FileTrouble = "" | "kind" | "size" | "empty";

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1).toLowerCase();
}

/** A ledger file on its way into the configuration: nothing is changed before somebody has seen the preview. */
export function useLedgerImport() {
  const stage = ref<Stage>("file");
  const name = ref("");
  const file = shallowRef<LedgerFile | null>(null);
  const mapping = ref<Mapping>({});
  const defaults = ref<Record<string, string>>({});
  const job = shallowRef<LedgerJob | null>(null);
  const problem = shallowRef<ApiProblem | null>(null);
  const trouble = ref<FileTrouble>("");
  const busy = ref(false);
  let jobId = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  let gone = false;

  const missing = computed(() => missingFields(file.value?.fields ?? [], mapping.value, defaults.value));
  const unused = computed(() => unusedColumns(file.value?.columns ?? [], mapping.value));
  const working = computed(() => job.value?.state === "running" || job.value?.state === "importing");

  async function trying(work: () => Promise<void>): Promise<void> {
    busy.value = true;
    problem.value = null;
    try {
      await work();
    } catch (error) {
      problem.value = asProblem(error);
    } finally {
      busy.value = false;
    }
  }

  async function take(chosen: File): Promise<void> {
    const type = TYPES[endingOf(chosen.name)];
    trouble.value = !type ? "kind" : chosen.size > LARGEST_FILE ? "size" : chosen.size === 0 ? "empty" : "";
    if (trouble.value || !type) return;
    await trying(async () => {
      // Browsers name CSV after whatever opens it on this machine: the ending says it better.
      file.value = await findApi.ledgerFile(new Blob([chosen], { type }), chosen.name);
      name.value = chosen.name;
      mapping.value = suggestMapping(file.value.columns, file.value.fields);
      defaults.value = {};
      stage.value = "columns";
    });
  }

  function map(field: string, column: string): void {
    mapping.value = mapped(mapping.value, field, column);
  }

  function setDefault(field: string, value: string): void {
    defaults.value = { ...defaults.value, [field]: value };
  }

  function filled(): Record<string, string> {
    return Object.fromEntries(Object.entries(defaults.value).filter(([, value]) => value.trim()));
  }

  async function follow(): Promise<void> {
    if (gone) return;
    try {
      job.value = await findApi.ledgerJob(jobId);
      problem.value = null;
    } catch (error) {
      problem.value = asProblem(error);
      if (!problem.value.passing) return;
    }
    if (working.value || problem.value) timer = setTimeout(() => void follow(), POLL_MS);
  }

  async function preview(): Promise<void> {
    const fileId = file.value?.file_id;
    if (!fileId) return;
    await trying(async () => {
      jobId = (await findApi.ledgerPreview(fileId, { mapping: mapping.value, defaults: filled() })).job_id;
      job.value = null;
      stage.value = "preview";
      await follow();
    });
  }

  async function start(reason: string, skipErrors: boolean): Promise<void> {
    await trying(async () => {
      await findApi.ledgerImport(jobId, { reason, skip_errors: skipErrors });
      stage.value = "result";
      await follow();
    });
  }

  function back(to: Stage): void {
    clearTimeout(timer);
    problem.value = null;
    stage.value = to;
    if (to === "file") file.value = null;
  }

  onScopeDispose(() => {
    gone = true;
    clearTimeout(timer);
  });
  return {
    stage, name, file, mapping, defaults, job, problem, trouble, busy, missing, unused, working,
    take, map, setDefault, preview, start, back,
  };
}

export type LedgerImport = ReturnType<typeof useLedgerImport>;
