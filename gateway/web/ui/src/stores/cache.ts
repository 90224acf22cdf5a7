/** Last answers kept in this browser for a bad line; per account, wiped at sign-out. Words only, never pictures. */

import type { Session } from "@/api/types";

const PREFIX = "gridpatrol.cache.";
// A list older than a shift misleads more than it helps.
const KEEP_MS = 12 * 3_600_000;
let owner = "";

export function cacheOwner(accountId: string): void {
  owner = accountId;
}

export function cacheWrite(key: string, value: unknown): void {
  if (!owner) return;
  try {
    localStorage.setItem(`${PREFIX}${owner}.${key}`, JSON.stringify({ at: Date.now(), value }));
  } catch (error) {
    // The browser's room is used up: the cache gives way, nothing else does.
    if (error instanceof DOMException) cacheWipe();
    else throw error;
  }
}

export function cacheRead<T>(key: string): { at: number; value: T } | null {
  const text = owner ? localStorage.getItem(`${PREFIX}${owner}.${key}`) : null;
  if (text === null) return null;
  const kept = JSON.parse(text) as { at: number; value: T };
  return Date.now() - kept.at <= KEEP_MS ? kept : null;
}

const LAST_SESSION = `${PREFIX}session`;

/** Who was signed in here last, for a page that is opened without a line; never the token that changes need. */
export function cacheSession(session: Session | null): void {
  if (session === null) localStorage.removeItem(LAST_SESSION);
  else localStorage.setItem(LAST_SESSION, JSON.stringify({ at: Date.now(), value: { ...session, csrf_token: "" } }));
}

export function cachedSession(): Session | null {
  const text = localStorage.getItem(LAST_SESSION);
  if (text === null) return null;
  const kept = JSON.parse(text) as { at: number; value: Session };
  const valid = Date.now() - kept.at <= KEEP_MS && Date.now() < Date.parse(kept.value.expires_at);
  return valid ? kept.value : null;
}

export function cacheWipe(): void {
  const names = Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i) ?? "");
  for (const name of names) if (name.startsWith(PREFIX)) localStorage.removeItem(name);
}
