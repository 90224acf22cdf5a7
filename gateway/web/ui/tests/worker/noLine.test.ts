import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useSessionStore } from "@/stores/session";
import { fakeGateway, makeSession, settle } from "../make";

const signedIn = { status: 200, body: { ...makeSession(), expires_at: "2999-01-01T00:00:00Z" } };

beforeEach(() => {
  localStorage.clear();
  setActivePinia(createPinia());
  vi.useFakeTimers({ toFake: ["setTimeout"] });
});
afterEach(() => vi.useRealTimers());

async function restored(...answers: Parameters<typeof fakeGateway>[0]) {
  setActivePinia(createPinia());
  fakeGateway(answers);
  const session = useSessionStore();
  session.begin();
  const done = session.restore();
  for (let i = 0; i < 3; i += 1) {
    await settle();
    await vi.advanceTimersByTimeAsync(3_000);
  }
  await done;
  return session;
}

describe("a page opened without a line", () => {
  it("shows nothing to nobody: who never signed in here sees the problem", async () => {
    const session = await restored("down");
    expect([session.session, session.problem?.code]).toEqual([null, "network"]);
  });

  it("knows who was here last, but holds no token for changes", async () => {
    await restored(signedIn);
    expect(localStorage.getItem("gridpatrol.cache.session")).not.toContain("\"token\"");
    const session = await restored("down");
    expect([session.account?.id, session.session?.csrf_token, session.problem]).toEqual(["a1", "", null]);
  });

  it("believes the gateway as soon as it answers that nobody is signed in", async () => {
    await restored(signedIn);
    const session = await restored({ status: 401, body: { code: "sign_in_required" } });
    expect([session.session, session.asked]).toEqual([null, true]);
    expect((await restored("down")).session).toBeNull();
  });

  it("forgets after sign-out, and when the session has run out", async () => {
    const session = await restored(signedIn, { status: 204 });
    await session.signOut();
    expect((await restored("down")).session).toBeNull();
    await restored({ status: 200, body: { ...makeSession(), expires_at: "2020-01-01T00:00:00Z" } });
    expect((await restored("down")).session).toBeNull();
  });
});
