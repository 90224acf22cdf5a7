import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { effectScope, ref, type EffectScope } from "vue";
import type { CameraDoc } from "@/api/config";
import { useCameraDraft, type CameraDraft } from "@/desk/edit/useCameraDraft";
import { fakeGateway, settle } from "../make";

const CAMERA = {
  id: "c1",
  name: "East",
  grids: ["g1"],
  position: { lon: 1, lat: 2 },
  streams: [{ url: "rtsp://h/1", password_sealed: true }],
  legal: { purpose: "p", legal_basis: "art7_gov", installer_unit: "u", placement_class: "public_road" },
  rules: [{ id: "r1", type: "litter", dwell_s: 60 }],
} as CameraDoc;
const answer = (version: number, document: CameraDoc = CAMERA) => ({ status: 200, body: { id: "c1", version, document, problems: [] } });
const LAST = { status: 200, body: { items: [{ id: 5, author: "li" }], next_cursor: null } };
const FINE = { status: 200, body: { problems: [], warnings: [] } };

let scope: EffectScope;

async function open(): Promise<CameraDraft> {
  const draft = scope.run(() => useCameraDraft(ref("c1"))) as CameraDraft;
  await settle();
  return draft;
}

beforeEach(() => {
  setActivePinia(createPinia());
  scope = effectScope();
});
afterEach(() => scope.stop());

describe("a camera's draft", () => {
  it("saves what was changed with the version that was read, and knows the new one", async () => {
    const calls = fakeGateway([answer(3), answer(4, { ...CAMERA, name: "West" })]);
    const draft = await open();
    draft.change("rename", { ...CAMERA, name: "West" });
    expect(draft.dirty.value).toBe(true);
    expect(await draft.save("moved")).toBe(true);
    expect(calls[1]).toMatchObject({ method: "POST", path: "/api/v1/config/cameras/c1" });
    expect(calls[1]?.body).toMatchObject({ base_version: 3, reason: "moved", document: { name: "West" } });
    expect(calls[1]?.headers.get("Idempotency-Key")).toBeTruthy();
    expect([draft.dirty.value, draft.saved.value?.version]).toEqual([false, 4]);
  });

  it("can take back a step after saving, as a change of its own", async () => {
    fakeGateway([answer(3), answer(4, { ...CAMERA, name: "West" })]);
    const draft = await open();
    draft.change("rename", { ...CAMERA, name: "West" });
    await draft.save("moved");
    expect(draft.undo()).toBe("rename");
    expect(draft.changes.value).toEqual([{ path: "name", before: "West", after: "East" }]);
  });

  it("shows what somebody else saved, and does mine again on it", async () => {
    const theirs = { ...CAMERA, rules: [{ id: "r1", type: "litter", dwell_s: 300 }] };
    const calls = fakeGateway([answer(3), { status: 409, body: { code: "conflict", version: 5 } }, answer(5, theirs), LAST, answer(6)]);
    const draft = await open();
    draft.change("rename", { ...CAMERA, name: "West" });
    expect(await draft.save("moved")).toBe(false);
    expect(draft.conflict.value?.author).toBe("li");
    expect(draft.conflict.value?.changes).toEqual([{ path: "rules[r1].dwell_s", before: 60, after: 300 }]);
    draft.settle(true, "again");
    expect(draft.doc.value).toMatchObject({ name: "West", rules: [{ dwell_s: 300 }] });
    await draft.save("moved");
    expect(calls[4]?.body).toMatchObject({ base_version: 5, document: { name: "West", rules: [{ dwell_s: 300 }] } });
  });

  it("takes theirs, and mine can still be had back", async () => {
    const theirs = { ...CAMERA, name: "North" };
    fakeGateway([answer(3), { status: 409, body: { code: "conflict", version: 5 } }, answer(5, theirs), LAST]);
    const draft = await open();
    draft.change("rename", { ...CAMERA, name: "West" });
    await draft.save("moved");
    expect(draft.conflict.value?.clashes).toHaveLength(1);
    draft.settle(false, "theirs");
    expect([draft.doc.value?.name, draft.dirty.value]).toEqual(["North", false]);
    draft.undo();
    expect(draft.doc.value?.name).toBe("West");
  });

  it("puts what a save was refused for beside its fields", async () => {
    const problems = [{ field: "rules[0].zone", message: "no such zone", code: "unknown" }];
    fakeGateway([answer(3), { status: 422, body: { code: "invalid", problems } }]);
    const draft = await open();
    draft.change("rename", { ...CAMERA, name: "West" });
    expect(await draft.save("moved")).toBe(false);
    expect(draft.findings.value.problems).toEqual(problems);
    expect(draft.dirty.value).toBe(true);
  });

  it("asks what the gateway thinks after a pause, once for many keys", async () => {
    vi.useFakeTimers();
    const calls = fakeGateway([answer(3), FINE]);
    const draft = scope.run(() => useCameraDraft(ref("c1"))) as CameraDraft;
    await vi.advanceTimersByTimeAsync(0);
    for (const name of ["W", "We", "Wes", "West"]) draft.change("rename", { ...CAMERA, name }, "name");
    expect(draft.checking.value).toBe(true);
    await vi.advanceTimersByTimeAsync(600);
    vi.useRealTimers();
    await settle();
    const checks = calls.filter((call) => call.path.endsWith("/config/check"));
    expect(checks.map((call) => (call.body as { document: CameraDoc }).document.name)).toEqual(["West"]);
    expect(draft.undo()).toBe("rename");
    expect(draft.doc.value?.name).toBe("East");
  });

  it("says so when it could not ask", async () => {
    vi.useFakeTimers();
    fakeGateway([answer(3), "down"]);
    const draft = scope.run(() => useCameraDraft(ref("c1"))) as CameraDraft;
    await vi.advanceTimersByTimeAsync(0);
    draft.change("rename", { ...CAMERA, name: "West" });
    await vi.advanceTimersByTimeAsync(600);
    vi.useRealTimers();
    await settle();
    expect([draft.unchecked.value, draft.checking.value]).toEqual([true, false]);
  });
});
