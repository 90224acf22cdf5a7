import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { nextLetter, type Letter } from "@/stores/letters";
import { useOutboxStore } from "@/stores/outbox";
import { useReviewStore } from "@/stores/review";
import { useSessionStore } from "@/stores/session";
import { fakeGateway, makeDetail, makeEntry, makeSession, settle } from "../make";

const LOOK = { verdict: "normal", dwell_s: 20, shown: "live" } as const;
const AT = "2026-05-01T01:00:30Z";
const FINDING = { event_type: "litter", box: [0.1, 0.1, 0.2, 0.2] as [number, number, number, number], note: "" };
const kept = () => JSON.parse(localStorage.getItem("gridpatrol.outbox.a1") ?? "[]") as Letter[];

beforeEach(() => {
  localStorage.clear();
  setActivePinia(createPinia());
});

function opened() {
  const outbox = useOutboxStore();
  outbox.open("a1");
  return outbox;
}

describe("letters of the worker's desk", () => {
  it("lose nothing of a round on a bad line, and end it after its last look", async () => {
    const calls = fakeGateway(["down", { status: 200, body: {} }]);
    const outbox = opened();
    outbox.post("view", "round1", "P1", { pointId: "p1", view: LOOK, at: AT });
    outbox.post("view", "round1", "P2", { pointId: "p2", view: LOOK, at: AT });
    outbox.post("finish_round", "round1", "R", { at: AT });
    await settle();
    expect([kept().length, calls.length]).toEqual([3, 1]);
    await outbox.flush();
    await settle();
    expect(calls.slice(1).map((call) => call.path.replace("/api/v1/patrol/rounds/round1", ""))).toEqual(["/views/p1", "/views/p2", "/finish"]);
    expect(kept()).toEqual([]);
  });

  it("send a look with the same word each time, so that it counts once", async () => {
    const calls = fakeGateway(["down", { status: 200, body: {} }]);
    const outbox = opened();
    outbox.post("view", "round1", "P1", { pointId: "p1", view: LOOK, at: AT });
    await settle();
    await outbox.flush();
    await settle();
    expect(calls).toHaveLength(2);
    const ids = calls.map((call) => (call.body as { client_id: string }).client_id);
    expect(new Set([...ids, ...calls.map((call) => call.headers.get("Idempotency-Key"))]).size).toBe(1);
  });

  it("keep the time at which a look was given, however late the line comes back", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(AT) });
    const calls = fakeGateway(["down", { status: 200, body: {} }]);
    const outbox = opened();
    outbox.post("view", "round1", "P1", { pointId: "p1", view: LOOK, at: AT });
    await settle();
    vi.setSystemTime(Date.parse(AT) + 40 * 60_000);
    await outbox.flush();
    await settle();
    expect(calls.map((call) => (call.body as { judged_at: string }).judged_at)).toEqual([AT, AT]);
    vi.useRealTimers();
  });

  it("never send a time from the future, when the phone's clock was put back meanwhile", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(AT) - 90_000 });
    const calls = fakeGateway([{ status: 200, body: {} }]);
    opened().post("view", "round1", "P1", { pointId: "p1", view: LOOK, at: AT });
    await settle();
    expect((calls[0]?.body as { judged_at: string }).judged_at).toBe(new Date(Date.parse(AT) - 90_000).toISOString());
    vi.useRealTimers();
  });

  it("carry the frozen frame with a finding, and nothing of it in the words kept", async () => {
    const calls = fakeGateway([{ status: 200, body: {} }]);
    const outbox = opened();
    await outbox.postWith("view", "round1", "P1", { pointId: "p1", view: { ...LOOK, verdict: "finding" }, at: AT, finding: FINDING }, new Blob(["jpeg"]));
    await vi.waitFor(() => expect(calls).toHaveLength(1));
    expect(calls[0]?.body).toMatchObject({ verdict: "finding", finding: { ...FINDING, frame_jpeg: btoa("jpeg") } });
  });

  it("are refused, not sent empty, when the browser has lost the picture", async () => {
    const calls = fakeGateway([{ status: 200, body: {} }]);
    localStorage.setItem("gridpatrol.outbox.a1", JSON.stringify([
      { key: "lost0001", kind: "photo", itemId: "t1", title: "T", body: { moment: "before" }, packed: true, madeAt: 0, state: "waiting", problem: null, tries: 0 },
    ]));
    const outbox = opened();
    await settle();
    expect(calls).toEqual([]);
    expect(outbox.stuck.map((letter) => [letter.state, letter.problem])).toEqual([["refused", "file_lost"]]);
  });

  it("let words pass pictures, but never out of the order of one thing", () => {
    const letter = (key: string, itemId: string, packed: boolean, state: Letter["state"] = "waiting") =>
      ({ key, itemId, packed, state, kind: "photo" }) as Letter;
    const photo = letter("a", "t1", true);
    expect(nextLetter([photo, letter("b", "t1", false), letter("c", "i2", false)])?.key).toBe("c");
    expect(nextLetter([photo, letter("b", "t1", false)])?.key).toBe("a");
    expect(nextLetter([letter("a", "t1", true, "sending"), letter("b", "t1", false)])).toBeUndefined();
    expect(nextLetter([letter("a", "t1", true, "refused"), letter("b", "t1", false)])?.key).toBe("b");
  });

  it("check in with position or code, and finish with the result", async () => {
    const calls = fakeGateway([{ status: 200, body: {} }]);
    const outbox = opened();
    outbox.post("arrive", "t1", "T", { code: "GP-01" });
    outbox.post("finish_task", "t1", "T", { result: "handled", note: "" });
    outbox.post("verify", "c1", "C", { result: "rework", note: "still there" });
    await settle();
    expect(calls.map((call) => call.path)).toEqual(["/api/v1/tasks/t1/arrive", "/api/v1/tasks/t1/finish", "/api/v1/cases/c1/verify"]);
    expect(calls[1]?.body).toMatchObject({ result: "handled", client_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string });
  });
});

describe("items judged together", () => {
  const list = { status: 200, body: { items: ["i1", "i2", "i3"].map((id) => makeEntry(id)), next_cursor: null, counts: { S1: 0, S2: 3, S3: 0, S4: 0 } } };

  async function queue(...answers: Parameters<typeof fakeGateway>[0]) {
    const calls = fakeGateway([list, ...answers]);
    useSessionStore().session = makeSession();
    const review = useReviewStore();
    review.begin();
    useOutboxStore().open("a1");
    await review.load();
    const [first, ...others] = review.entries;
    review.judge(first!, { verdict: "rejected" }, "words", others);
    return { calls, review };
  }

  it("ask for mine first, go in one letter, and leave the list at once", async () => {
    const { calls, review } = await queue({ status: 200, body: { items: [{ id: "i1", ok: true }] } });
    expect([review.entries, review.counts.S2]).toEqual([[], 0]);
    await settle();
    expect(calls[0]?.path).toContain("mine=true");
    expect(calls[1]).toMatchObject({ path: "/api/v1/review/batch", body: { verdict: "rejected", item_ids: ["i1", "i2", "i3"] } });
  });

  it("do not come back while their letter waits, and are undone one by one when it may have arrived", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const { calls, review } = await queue("down");
    await settle();
    await review.undo();
    await settle();
    expect(review.entries.map((entry) => entry.item.id)).toEqual(["i1", "i2", "i3"]);
    // The lost try may have counted: each is undone at the gateway.
    expect(useOutboxStore().letters.map((letter) => letter.kind)).toEqual(["batch", "undo", "undo", "undo"]);
    expect(calls.filter((call) => call.method === "DELETE")).toEqual([]);
    vi.useRealTimers();
  });

  it("look again when others were faster with some of them", async () => {
    const { calls } = await queue({ status: 200, body: { items: [{ id: "i1", ok: true }, { id: "i2", ok: false, code: "already_judged" }] } }, list);
    await settle();
    expect(calls.map((call) => call.method)).toEqual(["GET", "POST", "GET"]);
  });

  it("keep the detail that the gateway answers to a single verdict", async () => {
    const calls = fakeGateway([list, { status: 200, body: makeDetail("i1") }]);
    useSessionStore().session = makeSession();
    const review = useReviewStore();
    review.begin();
    useOutboxStore().open("a1");
    await review.load();
    review.judge(review.entries[0]!, { verdict: "confirmed" }, "words");
    await settle();
    expect(review.details.has("i1")).toBe(true);
    expect(calls[1]?.body).toMatchObject({ verdict: "confirmed", client_id: expect.any(String) as string });
  });
});
