import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useOutboxStore } from "@/stores/outbox";
import { useReviewStore } from "@/stores/review";
import { useSessionStore } from "@/stores/session";
import { fakeGateway, makeDetail, makeEntry, makeSession, settle } from "./make";

const taken = { status: 200, body: makeDetail("i1") };
const refusal = (code: string) => ({ status: 409, body: { code } });
const kept = () => JSON.parse(localStorage.getItem("gridpatrol.outbox.a1") ?? "[]") as { key: string }[];

beforeEach(() => {
  localStorage.clear();
  setActivePinia(createPinia());
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
});
afterEach(() => vi.useRealTimers());

describe("the outbox", () => {
  it("keeps a verdict on a bad line and sends it again with the same key", async () => {
    const calls = fakeGateway(["down", { status: 503 }, taken]);
    const outbox = useOutboxStore();
    outbox.open("a1");
    outbox.post("judge", "i1", "words", { verdict: "confirmed" });
    await settle();
    expect([outbox.stuck.length, kept().length]).toEqual([1, 1]);
    for (let i = 0; i < 2; i += 1) {
      await vi.advanceTimersByTimeAsync(30_000);
      await settle();
    }
    expect(outbox.letters).toEqual([]);
    expect(new Set(calls.map((call) => call.headers.get("Idempotency-Key"))).size).toBe(1);
    expect(localStorage.getItem("gridpatrol.outbox.a1")).toBeNull();
  });

  it("takes up after a reload what was on its way", async () => {
    fakeGateway(["down"]);
    const first = useOutboxStore();
    first.open("a1");
    first.post("judge", "i1", "words", { verdict: "unclear" });
    await settle();
    first.close();
    setActivePinia(createPinia());
    const calls = fakeGateway([taken]);
    const second = useOutboxStore();
    second.open("a1");
    await settle();
    expect([calls.length, second.letters.length]).toEqual([1, 0]);
  });

  it("says plainly when somebody else was first, and goes on with the next", async () => {
    const calls = fakeGateway([refusal("already_judged"), taken]);
    const outbox = useOutboxStore();
    const told = vi.fn();
    outbox.onRefusal(told);
    outbox.open("a1");
    outbox.post("judge", "i1", "words", { verdict: "confirmed" });
    outbox.post("judge", "i2", "words", { verdict: "confirmed" });
    await settle();
    expect(calls).toHaveLength(2);
    expect(outbox.stuck.map((letter) => [letter.itemId, letter.state, letter.problem])).toEqual([["i1", "refused", "already_judged"]]);
    expect(told).toHaveBeenCalledOnce();
  });

  it("waits, and forgets nothing, when the session has ended", async () => {
    fakeGateway([{ status: 401, body: { code: "sign_in_required" } }]);
    const outbox = useOutboxStore();
    outbox.open("a1");
    outbox.post("judge", "i1", "words", { verdict: "confirmed" });
    await settle();
    expect(outbox.letters[0]?.state).toBe("waiting");
  });

  it("undoes at the gateway what may have arrived though its answer was lost", async () => {
    const calls = fakeGateway(["down"]);
    const outbox = useOutboxStore();
    outbox.open("a1");
    outbox.post("judge", "i1", "words", { verdict: "confirmed" });
    await settle();
    expect(await outbox.takeBack("i1", "words")).toBe("asked");
    expect(outbox.letters.map((letter) => letter.kind)).toEqual(["judge", "undo"]);
    expect(calls.every((call) => call.method === "POST")).toBe(true);
  });
});

describe("the queue", () => {
  const page = (...ids: string[]) => ({
    status: 200,
    body: { items: ids.map((id) => makeEntry(id)), next_cursor: null, counts: { S1: 0, S2: ids.length, S3: 0, S4: 0 } },
  });

  async function opened(...answers: Parameters<typeof fakeGateway>[0]) {
    const calls = fakeGateway(answers);
    useSessionStore().session = makeSession();
    const review = useReviewStore();
    review.begin();
    useOutboxStore().open("a1");
    await review.load();
    return { calls, review };
  }

  it("lets a judged item go at once and takes it back on undo", async () => {
    const { calls, review } = await opened(page("i1", "i2"), taken, taken);
    review.judge(review.entries[0]!, { verdict: "confirmed" }, "words");
    expect(review.entries.map((entry) => entry.item.id)).toEqual(["i2"]);
    expect(review.counts.S2).toBe(1);
    await settle();
    await review.undo();
    await settle();
    expect(review.entries.map((entry) => entry.item.id)).toEqual(["i1", "i2"]);
    expect(calls.map((call) => call.method)).toEqual(["GET", "POST", "DELETE"]);
  });

  it("moves nothing when news arrives: they wait beside the list", async () => {
    const { review } = await opened(page("i1"), page("i9", "i1"));
    await review.peek();
    expect(review.entries.map((entry) => entry.item.id)).toEqual(["i1"]);
    expect(review.arrivals.map((entry) => entry.item.id)).toEqual(["i9"]);
    review.welcome();
    expect(review.entries.map((entry) => entry.item.id)).toEqual(["i9", "i1"]);
  });

  it("does not bring back an item whose verdict is still on its way", async () => {
    const { review } = await opened(page("i1", "i2"), "down", page("i1", "i2"));
    review.judge(review.entries[0]!, { verdict: "confirmed" }, "words");
    await settle();
    await review.load();
    expect(review.entries.map((entry) => entry.item.id)).toEqual(["i2"]);
  });

  it("drops what others judged, but not the item that is open", async () => {
    const { review } = await opened(page("i1", "i2", "i3"), page("i3"));
    review.openId = "i2";
    await review.peek();
    expect(review.entries.map((entry) => entry.item.id)).toEqual(["i2", "i3"]);
  });

  it("forgets the undo when the verdict did not count", async () => {
    const { review } = await opened(page("i1"), refusal("already_judged"));
    review.judge(review.entries[0]!, { verdict: "rejected", reason: "light" }, "words");
    expect(review.undoable).not.toBeNull();
    await settle();
    expect(review.undoable).toBeNull();
  });
});
