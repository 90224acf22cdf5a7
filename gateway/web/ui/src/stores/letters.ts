import { api } from "@/api/endpoints";
import { ApiProblem, type ProblemCode } from "@/api/problem";
import type { VerdictBody } from "@/api/types";
import {
  workerApi, type ArriveBody, type BatchBody, type Finding, type TaskPhoto, type TaskResult, type VerifyBody, type ViewBody,
} from "@/api/worker";
import { base64Of } from "@/worker/picture";

/** What each kind of letter carries; pictures and sounds lie in the crate, under the letter's key. */
export interface LetterBodies {
  judge: VerdictBody;
  undo: null;
  batch: Omit<BatchBody, "client_id">;
  note: { sound: boolean };
  view: { pointId: string; view: Omit<ViewBody, "client_id" | "finding">; at: string; finding?: Omit<Finding, "frame_jpeg"> };
  finish_round: { at: string };
  arrive: ArriveBody;
  photo: { moment: TaskPhoto["moment"] };
  finish_task: { result: TaskResult; note: string };
  verify: VerifyBody;
}

export type LetterKind = keyof LetterBodies;

interface Envelope<K extends LetterKind> {
  key: string; // Idempotency-Key and client_id: the same over all tries
  kind: K;
  itemId: string; // the item, round, task or case that it is about; letters about one thing keep their order
  title: string; // what it was about, in words
  body: LetterBodies[K];
  packed: boolean; // a picture or sound belongs to it
  madeAt: number;
  state: "waiting" | "sending" | "refused";
  problem: ProblemCode | null;
  tries: number;
}

export type Letter = { [K in LetterKind]: Envelope<K> }[LetterKind];

function needed(pack: Blob | null): Blob {
  if (pack === null) throw new ApiProblem("file_lost");
  return pack;
}

/** When something was said, though it is sent later. A clock that was put back meanwhile must not make it the future's. */
function notAfterNow(at: string): string {
  const now = Date.now();
  return Date.parse(at) <= now ? at : new Date(now).toISOString();
}

async function sendView(letter: Envelope<"view">, pack: Blob | null): Promise<unknown> {
  const { pointId, view, at, finding } = letter.body;
  const body: ViewBody = { ...view, client_id: letter.key, judged_at: notAfterNow(at) };
  if (finding) body.finding = { ...finding, frame_jpeg: await base64Of(needed(pack)) };
  return workerApi.judgeView(letter.itemId, pointId, body, letter.key);
}

/** Carry one letter to the gateway; gives its answer. */
export function carry(letter: Letter, pack: Blob | null): Promise<unknown> {
  const { itemId, key } = letter;
  switch (letter.kind) {
    case "judge": return api.judge(itemId, { ...letter.body, client_id: key }, key);
    case "undo": return api.undo(itemId, key);
    case "batch": return workerApi.judgeBatch({ ...letter.body, client_id: key });
    case "note": return workerApi.addNote(itemId, needed(pack), key);
    case "view": return sendView(letter, pack);
    case "finish_round": return workerApi.finishRound(itemId, letter.body.at, key);
    case "arrive": return workerApi.arrive(itemId, letter.body, key);
    case "photo": return workerApi.addPhoto(itemId, letter.body.moment, needed(pack), key);
    case "finish_task": return workerApi.finishTask(itemId, { ...letter.body, client_id: key });
    case "verify": return workerApi.verifyCase(itemId, letter.body, key);
  }
}

/** What may go now: the first of each thing, words before pictures, otherwise in the order of writing. */
export function nextLetter(letters: readonly Letter[]): Letter | undefined {
  const met = new Set<string>();
  const ready = letters.filter((letter) => {
    if (letter.state === "refused" || met.has(letter.itemId)) return false;
    met.add(letter.itemId);
    return letter.state === "waiting";
  });
  return ready.find((letter) => !letter.packed) ?? ready[0];
}
