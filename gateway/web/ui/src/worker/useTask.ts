import { computed, onBeforeUnmount, type Ref } from "vue";
import { useI18n } from "vue-i18n";
import { asProblem } from "@/api/problem";
import { workerApi, type ArriveBody, type Arrival, type TaskDetail, type TaskPhoto, type TaskResult, type TaskState } from "@/api/worker";
import { tell } from "@/composables/tell";
import { useOutboxStore } from "@/stores/outbox";
import { smaller } from "./picture";

type Known = TaskDetail | null;

/** A task on foot: what the gateway knows of it and what still lies in the outbox, as one. */
export function useTask(taskId: Ref<string>, data: Ref<Known>, reload: () => Promise<void>) {
  const { t } = useI18n();
  const outbox = useOutboxStore();
  const mine = computed(() => outbox.pending.filter((letter) => letter.itemId === taskId.value));
  const title = () => data.value?.title || data.value?.place || "";

  const arrival = computed<Arrival | null>(() => {
    const letter = mine.value.find((each) => each.kind === "arrive");
    if (!letter) return data.value?.arrival ?? null;
    const body = letter.body as ArriveBody;
    const at = new Date(letter.madeAt).toISOString();
    if ("code" in body) return { at, distance_m: null, near: null, accuracy_m: null, by: "code" };
    return { at: body.at, distance_m: null, near: null, accuracy_m: body.accuracy_m, by: "position" };
  });
  const state = computed<TaskState>(() => {
    if (mine.value.some((letter) => letter.kind === "finish_task")) return "done";
    const known = data.value?.state ?? "open";
    return ["open", "returned"].includes(known) && arrival.value ? "arrived" : known;
  });
  const photosOnWay = computed(() => mine.value.filter((letter) => letter.kind === "photo").length);

  async function photo(moment: TaskPhoto["moment"], file: Blob): Promise<void> {
    const kept = await outbox.postWith("photo", taskId.value, title(), { moment }, await smaller(file));
    if (!kept) tell("plain", t("attach.loose"));
  }

  async function giveBack(note: string): Promise<void> {
    try {
      await workerApi.giveBack(taskId.value, note);
      tell("good", t("task.givenBack"));
    } catch (error) {
      tell("bad", t(`problem.${asProblem(error).code}`));
    }
    await reload();
  }

  const ends = [
    outbox.onAnswer((letter) => {
      if (letter.itemId === taskId.value) void reload();
    }),
    outbox.onRefusal((letter, code) => {
      if (letter.itemId !== taskId.value) return;
      tell("bad", t(`problem.${code}`));
      void reload();
    }),
  ];
  onBeforeUnmount(() => {
    for (const end of ends) end();
  });

  return {
    arrival, state, photosOnWay, photo, giveBack,
    arrive: (body: ArriveBody) => void outbox.post("arrive", taskId.value, title(), body),
    finish: (result: TaskResult, note: string) => void outbox.post("finish_task", taskId.value, title(), { result, note }),
  };
}
