import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { apiUrl, getJson, listen, newKey, send, setCsrfToken } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { fakeGateway } from "./make";

const problem = (status: number, code: string, headers = {}) => ({ status, body: { code, status, title: code }, headers });
const caught = async (asked: Promise<unknown>) => (await asked.catch((error: unknown) => error)) as ApiProblem;

beforeEach(() => {
  vi.useFakeTimers();
  setCsrfToken("token");
  listen({ signedOut: () => {}, reached: () => {}, renewToken: async () => {} });
});
afterEach(() => vi.useRealTimers());

describe("the client", () => {
  it("asks again when the line breaks, and gives what it then gets", async () => {
    const calls = fakeGateway(["down", { status: 503 }, { status: 200, body: { items: [] } }]);
    const asked = getJson("/cases");
    await vi.runAllTimersAsync();
    expect(await asked).toEqual({ items: [] });
    expect(calls).toHaveLength(3);
  });

  it("gives up after three tries and says that the network is at fault", async () => {
    const calls = fakeGateway(["down"]);
    const asked = caught(getJson("/cases"));
    await vi.runAllTimersAsync();
    expect((await asked).offline).toBe(true);
    expect(calls).toHaveLength(3);
  });

  it("does not ask again for what it may not see", async () => {
    const calls = fakeGateway([problem(403, "access_denied")]);
    expect((await caught(getJson("/cases"))).code).toBe("access_denied");
    expect(calls).toHaveLength(1);
  });

  it("never repeats by itself what changes something", async () => {
    const calls = fakeGateway(["down"]);
    expect((await caught(send("POST", "/x"))).code).toBe("network");
    expect(calls).toHaveLength(1);
  });

  it("sends the token and the key with every change", async () => {
    const calls = fakeGateway([{ status: 204 }]);
    expect(await send("DELETE", "/session", { idempotencyKey: "k" })).toBeUndefined();
    expect(calls[0]?.headers.get("X-CSRF-Token")).toBe("token");
    expect(calls[0]?.headers.get("Idempotency-Key")).toBe("k");
  });

  it("fetches a new token once when another tab signed in again", async () => {
    const calls = fakeGateway([problem(403, "csrf"), { status: 200, body: {} }]);
    listen({ renewToken: async () => setCsrfToken("newer") });
    await send("POST", "/x");
    expect(calls[1]?.headers.get("X-CSRF-Token")).toBe("newer");
  });

  it("tells when nobody is signed in any more", async () => {
    const out = vi.fn();
    listen({ signedOut: out });
    fakeGateway([problem(401, "sign_in_required")]);
    await caught(getJson("/cases"));
    expect(out).toHaveBeenCalledOnce();
  });

  it("reads how long to wait after too many tries", async () => {
    fakeGateway([problem(429, "too_many_tries", { "Retry-After": "95" })]);
    expect((await caught(send("POST", "/session"))).retryAfterS).toBe(95);
  });

  it("makes sense of an answer that is not ours", async () => {
    fakeGateway([{ status: 500, body: "proxy error" }]);
    const said = await caught(send("POST", "/x"));
    expect([said.code, said.passing]).toEqual(["unexpected", true]);
  });

  it("gives up on a gateway that never answers", async () => {
    globalThis.fetch = ((_: string, init: RequestInit) =>
      new Promise((_resolve, reject) => init.signal?.addEventListener("abort", () => reject(new DOMException("", "AbortError"))))) as typeof fetch;
    const asked = caught(send("POST", "/x"));
    await vi.runAllTimersAsync();
    expect((await asked).code).toBe("timeout");
  });

  it("leaves empty values out of addresses", () => {
    expect(apiUrl("/review", { state: "waiting", severity: "", cursor: null, limit: 5 })).toBe("/api/v1/review?state=waiting&limit=5");
  });

  it("makes keys that do not repeat, without a secure context", () => {
    expect(newKey()).toMatch(/^[0-9a-f]{32}$/);
    expect(newKey()).not.toBe(newKey());
  });
});
