import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const SOURCE = readFileSync(join(__dirname, "..", "..", "sw.js"), "utf8")
  .replace("__BUILD__", "test")
  .replace("__SHELL__", JSON.stringify(["/assets/a.js", "/icon.svg"]));
const ORIGIN = "https://gateway.example";

type Listener = (event: unknown) => void;

/** A worker with caches of its own; `line` says what a fetch over the line gives. */
function worker(line: () => Promise<Response>) {
  const stored = new Map<string, Map<string, Response>>();
  const listeners = new Map<string, Listener>();
  const shown: { title: string; body: string }[] = [];
  const nameOf = (key: string | { url: string }) => new URL(typeof key === "string" ? key : key.url, ORIGIN).pathname;
  const caches = {
    open: async (name: string) => {
      const cache = stored.get(name) ?? new Map<string, Response>();
      stored.set(name, cache);
      return {
        addAll: async (paths: string[]) => paths.forEach((path) => cache.set(path, new Response(`kept ${path}`))),
        put: async (key: string, response: Response) => void cache.set(nameOf(key), response),
      };
    },
    match: async (key: string | { url: string }, { cacheName }: { cacheName: string }) => stored.get(cacheName)?.get(nameOf(key))?.clone(),
    keys: async () => [...stored.keys()],
    delete: async (name: string) => stored.delete(name),
  };
  const self = {
    location: { origin: ORIGIN },
    addEventListener: (kind: string, listener: Listener) => listeners.set(kind, listener),
    skipWaiting: async () => {},
    clients: { claim: async () => {} },
    registration: { showNotification: async (title: string, { body }: { body: string }) => void shown.push({ title, body }) },
  };
  new Function("self", "caches", "fetch", SOURCE)(self, caches, line);

  async function tell(kind: string, event: object = {}): Promise<void> {
    let done: Promise<unknown> = Promise.resolve();
    listeners.get(kind)?.({ ...event, waitUntil: (promise: Promise<unknown>) => (done = promise) });
    await done;
  }
  /** What the worker answers itself; null when it leaves the request alone. */
  async function ask(path: string, mode = "cors", method = "GET"): Promise<string | null> {
    let answer: Promise<Response> | null = null;
    const request = { url: new URL(path, ORIGIN).href, mode, method };
    listeners.get("fetch")?.({ request, respondWith: (promise: Promise<Response>) => (answer = promise) });
    return answer ? (await (answer as Promise<Response>)).text() : null;
  }
  return { tell, ask, shown, stored, caches };
}

const down = () => Promise.reject(new TypeError("failed to fetch"));

describe("the service worker", () => {
  it("never touches footage, answers of the API, or what changes something", async () => {
    const { tell, ask } = worker(down);
    await tell("install");
    for (const path of ["/api/v1/evidence/e1", "/api/v1/cameras/c/picture", "/api/v1/review", "/readyz", "/api-docs/index.html", "/other.jpg"]) {
      expect(await ask(path)).toBeNull();
      expect(await ask(path, "navigate")).toBeNull();
    }
    expect(await ask("/review", "navigate", "POST")).toBeNull();
    expect(await ask("https://elsewhere.example/assets/a.js")).toBeNull();
  });

  it("shows the kept page and scripts when the line is gone", async () => {
    const { tell, ask } = worker(down);
    await tell("install");
    expect(await ask("/review/i1", "navigate")).toBe("kept /");
    expect(await ask("/assets/a.js")).toBe("kept /assets/a.js");
  });

  it("takes the page over the line where there is one", async () => {
    const { tell, ask } = worker(async () => new Response("fresh"));
    await tell("install");
    expect(await ask("/today", "navigate")).toBe("fresh");
  });

  it("drops the files of older builds", async () => {
    const { tell, stored, caches } = worker(down);
    await caches.open("gridpatrol-shell-old");
    await tell("install");
    await tell("activate");
    expect([...stored.keys()]).toEqual(["gridpatrol-shell-test"]);
  });

  it("says no more on a lock screen than how urgent and how many, in the words the page gave it", async () => {
    const { tell, shown } = worker(down);
    await tell("message", { data: { kind: "words", words: { title: "T", one: "# urgent", other: "# important" } } });
    const note = { kind: "review", severity: "S1", count: 3, place: "secret place" };
    await tell("push", { data: { json: () => note } });
    await tell("push", { data: { json: () => ({ ...note, severity: "S2" }) } });
    expect(shown).toEqual([{ title: "T", body: "3 urgent" }, { title: "T", body: "3 important" }]);
  });
});
