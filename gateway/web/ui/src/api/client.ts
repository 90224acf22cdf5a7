import { ApiProblem, readProblem } from "./problem";

export const API_BASE = "/api/v1";

// A village 4G line needs seconds for a handshake; after this a person would rather be told.
const REQUEST_TIMEOUT_MS = 12_000;
const GET_PAUSES_MS = [300, 1_200];

type Query = Record<string, string | number | null | undefined>;

export interface RequestOptions {
  query?: Query;
  body?: unknown;
  file?: Blob; // sent as it is, with its own type, in place of a body
  timeoutMs?: number; // where the gateway itself must wait for somebody, a camera for one
  idempotencyKey?: string;
  signal?: AbortSignal;
}

interface Listeners {
  signedOut: () => void;
  reached: (reached: boolean) => void;
  renewToken: () => Promise<void>;
}

let csrfToken = "";
let listeners: Listeners = { signedOut: () => {}, reached: () => {}, renewToken: async () => {} };

export function setCsrfToken(token: string): void {
  csrfToken = token;
}

export function listen(next: Partial<Listeners>): void {
  listeners = { ...listeners, ...next };
}

export function apiUrl(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return `${API_BASE}${path}${text ? `?${text}` : ""}`;
}

/** A random word for Idempotency-Key. `crypto.randomUUID` is missing on plain http, where many gateways live. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms * (0.75 + Math.random() / 2)));
}

function headersFor(method: string, options: RequestOptions): Headers {
  const headers = new Headers({ Accept: "application/json" });
  if (options.body !== undefined) headers.set("Content-Type", "application/json");
  else if (options.file) headers.set("Content-Type", options.file.type || "application/octet-stream");
  if (method !== "GET") headers.set("X-CSRF-Token", csrfToken);
  if (options.idempotencyKey) headers.set("Idempotency-Key", options.idempotencyKey);
  return headers;
}

function bodyOf(options: RequestOptions): BodyInit | null {
  return options.body === undefined ? (options.file ?? null) : JSON.stringify(options.body);
}

async function ask(method: string, path: string, options: RequestOptions): Promise<Response> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), options.timeoutMs ?? REQUEST_TIMEOUT_MS);
  const stop = () => timeout.abort();
  options.signal?.addEventListener("abort", stop);
  try {
    const response = await fetch(apiUrl(path, options.query), {
      method,
      headers: headersFor(method, options),
      body: bodyOf(options),
      credentials: "same-origin",
      signal: timeout.signal,
    });
    listeners.reached(true);
    return response;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    listeners.reached(false);
    throw new ApiProblem(timeout.signal.aborted ? "timeout" : "network");
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", stop);
  }
}

async function askOk(method: string, path: string, options: RequestOptions): Promise<Response> {
  const response = await ask(method, path, options);
  if (response.ok) return response;
  const problem = await readProblem(response);
  if (problem.code === "sign_in_required") listeners.signedOut();
  throw problem;
}

async function askAgain(path: string, options: RequestOptions): Promise<Response> {
  for (const wait of GET_PAUSES_MS) {
    try {
      return await askOk("GET", path, options);
    } catch (error) {
      const again = error instanceof ApiProblem && (error.code === "network" || error.code === "unavailable");
      if (!again) throw error;
      await pause(wait);
    }
  }
  return askOk("GET", path, options);
}

async function tell(method: string, path: string, options: RequestOptions): Promise<Response> {
  try {
    return await askOk(method, path, options);
  } catch (error) {
    // Another tab signed in again: take its token and say it once more.
    if (!(error instanceof ApiProblem) || error.code !== "csrf") throw error;
    await listeners.renewToken();
    return askOk(method, path, options);
  }
}

export async function getJson<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await askAgain(path, options);
  return (await response.json()) as T;
}

export async function getBlob(path: string, options: RequestOptions = {}): Promise<{ blob: Blob; headers: Headers }> {
  const response = await askAgain(path, options);
  return { blob: await response.blob(), headers: response.headers };
}

/** Send something that changes something. Answers without a body give undefined. */
export async function send<T>(
  method: "POST" | "PATCH" | "DELETE",
  path: string,
  options: RequestOptions = {},
): Promise<T> {
  const response = await tell(method, path, options);
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}
