import { computed, onScopeDispose, reactive, ref, shallowRef } from "vue";
import { findApi, type Connection, type ConfigProblem, type FoundDevice, type Search, type SearchBody } from "@/api/find";
import { ApiProblem, asProblem } from "@/api/problem";
import { inLanes } from "./lanes";
import { documentOf, emptyWizard, going, reduce, toConnect, type Action, type Device } from "./wizard";

const SEARCH_POLL_MS = 1_000;
// Cameras answer slowly; recorders that hold several answer slower still when all are asked at once.
const LANES = 4;

function wordOf(error: unknown): string {
  return error instanceof ApiProblem ? error.word : "unexpected";
}

/** The wizard's state, and what it asks of the gateway. Everything it holds goes with the page, passwords included. */
export function useOnboarding() {
  const state = shallowRef(emptyWizard());
  const search = shallowRef<Search | null>(null);
  const searchProblem = shallowRef<ApiProblem | null>(null);
  const credentials = reactive({ username: "", password: "" });
  const pictures = reactive(new Map<string, string | null>()); // key to object URL; null: there is none
  const busy = ref(false);
  // What each device was reached with: a connection lasts half an hour, and one camera's save ends it for a recorder.
  const used = new Map<string, { username: string; password: string }>();
  let gone = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function act(action: Action): void {
    state.value = reduce(state.value, action);
  }

  function device(key: string): Device | undefined {
    return state.value.devices.find((known) => known.key === key);
  }

  async function follow(searchId: string): Promise<void> {
    if (gone) return;
    try {
      search.value = await findApi.searched(searchId);
    } catch (error) {
      searchProblem.value = asProblem(error);
      search.value = search.value && { ...search.value, running: false };
      return;
    }
    if (search.value.running) timer = setTimeout(() => void follow(searchId), SEARCH_POLL_MS);
  }

  async function find(body: SearchBody): Promise<void> {
    clearTimeout(timer);
    searchProblem.value = null;
    search.value = { running: true, asked: 0, total: 0, found: [] };
    try {
      await follow((await findApi.search(body)).search_id);
    } catch (error) {
      searchProblem.value = asProblem(error);
      search.value = null;
    }
  }

  function reach({ xaddr, streamUrl, origin }: Device): Promise<Connection> {
    const where = xaddr ? { xaddr } : { stream_url: streamUrl ?? "" };
    return findApi.connect({ ...where, ...(used.get(origin) ?? credentials) });
  }

  async function connect(asked: Device): Promise<void> {
    if (gone) return;
    const { key, origin } = asked;
    act({ kind: "connecting", key });
    used.set(origin, { ...credentials });
    try {
      act({ kind: "connected", key, connection: await reach(asked) });
    } catch (error) {
      act({ kind: "connectFailed", key, code: wordOf(error) });
    }
  }

  /** Ask by the connection; where the gateway no longer knows it, connect anew as before and ask once more. */
  async function byConnection<T>(key: string, ask: (connectionId: string) => Promise<T>): Promise<T> {
    const asked = device(key);
    try {
      return await ask(asked?.connection?.connection_id ?? "");
    } catch (error) {
      if (!asked || asProblem(error).code !== "not_found") throw error;
      const connection = await reach(asked);
      act({ kind: "reconnected", origin: asked.origin, connectionId: connection.connection_id });
      return ask(connection.connection_id);
    }
  }

  async function connectAll(): Promise<void> {
    await whileBusy(() => inLanes(toConnect(state.value), LANES, connect));
  }

  async function whileBusy(work: () => Promise<void>): Promise<void> {
    busy.value = true;
    try {
      await work();
    } finally {
      busy.value = false;
    }
  }

  async function probe(key: string): Promise<void> {
    const asked = device(key);
    if (gone || !asked?.connection || asked.main === null) return;
    act({ kind: "probing", key });
    const tokens = [asked.main, asked.sub].filter((token): token is string => token !== null);
    const body = { profile_tokens: tokens, ...(asked.subUrl ? { stream_url: asked.subUrl } : {}) };
    try {
      const [main, sub] = (await byConnection(key, (id) => findApi.probe(id, body))).streams;
      if (main) act({ kind: "probed", key, main, sub: sub ?? null });
      else act({ kind: "probeFailed", key, code: "no_video" });
    } catch (error) {
      act({ kind: "probeFailed", key, code: wordOf(error) });
    }
    await picture(key);
  }

  async function picture(key: string): Promise<void> {
    const asked = device(key);
    if (gone || !asked?.connection) return;
    try {
      const { blob } = await findApi.picture(asked.connection.connection_id, asked.main ?? "");
      keepPicture(key, URL.createObjectURL(blob));
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      keepPicture(key, null); // the stream's own facts say whether it works
    }
  }

  function keepPicture(key: string, url: string | null): void {
    const old = pictures.get(key);
    if (old) URL.revokeObjectURL(old);
    if (gone && url) URL.revokeObjectURL(url);
    else pictures.set(key, url);
  }

  async function probeAll(): Promise<void> {
    const waiting = going(state.value).filter((known) => known.probe.state === "idle");
    await inLanes(waiting.map((known) => known.key), LANES, probe);
  }

  async function place(key: string, lon: number | null, lat: number | null): Promise<void> {
    act({ kind: "position", key, lon, lat });
    if (lon === null || lat === null) return;
    try {
      const { grid_ids } = await findApi.gridsAt(lon, lat);
      const now = device(key);
      if (now?.lon === lon && now.lat === lat) act({ kind: "grids", key, grids: grid_ids, by: "position" });
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error; // the grid can still be chosen by hand
    }
  }

  async function saveOne(key: string, reason: string): Promise<void> {
    const asked = device(key);
    if (gone || !asked?.connection || asked.save.state === "ok") return;
    act({ kind: "saving", key });
    try {
      const document = documentOf(state.value, asked);
      await byConnection(key, (id) => findApi.save(id, document, reason));
      act({ kind: "saved", key });
    } catch (error) {
      const { problems = [], errors = [] } = asProblem(error).body as Partial<Record<"problems" | "errors", ConfigProblem[]>>;
      act({ kind: "saveFailed", key, code: wordOf(error), problems: [...problems, ...errors] });
    }
  }

  /** One after the other: each is a version of the configuration. */
  async function saveAll(reason: string): Promise<void> {
    await whileBusy(() => inLanes(going(state.value).map((known) => known.key), 1, (key) => saveOne(key, reason)));
  }

  const knownFound = computed<FoundDevice[]>(() => search.value?.found ?? []);

  onScopeDispose(() => {
    gone = true;
    clearTimeout(timer);
    for (const url of pictures.values()) if (url) URL.revokeObjectURL(url);
  });
  return {
    state, search, searchProblem, found: knownFound, credentials, pictures, busy,
    act, find, connectAll, connect, probe, probeAll, place, saveAll,
  };
}

export type Onboarding = ReturnType<typeof useOnboarding>;
