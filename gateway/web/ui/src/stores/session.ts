import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";
import { listen, setCsrfToken } from "@/api/client";
import { api } from "@/api/endpoints";
import { ApiProblem, asProblem } from "@/api/problem";
import type { Locale, Right, Session } from "@/api/types";
import { applyLocale, asLocale, keptLocale } from "@/locales";
import { cachedSession, cacheOwner, cacheSession, cacheWipe } from "./cache";

/** Who is signed in and what they may do. */
export const useSessionStore = defineStore("session", () => {
  const session = shallowRef<Session | null>(null);
  const asked = ref(false); // the gateway has said whether somebody is signed in
  const expired = ref(false); // was signed in, is no more
  const problem = shallowRef<ApiProblem | null>(null);

  const account = computed(() => session.value?.account ?? null);
  const undoWindowS = computed(() => session.value?.undo_window_s ?? 10);

  function take(next: Session): void {
    session.value = next;
    asked.value = true;
    expired.value = false;
    problem.value = null;
    setCsrfToken(next.csrf_token);
    cacheOwner(next.account.id);
    cacheSession(next);
  }

  /** Without a line the page shows what it has, to whom it was shown last; the gateway decides again once it is back. */
  function takeKept(kept: Session): void {
    session.value = kept;
    asked.value = true;
    problem.value = null;
    cacheOwner(kept.account.id);
  }

  function drop(): void {
    session.value = null;
    setCsrfToken("");
    cacheSession(null);
  }

  async function restore(): Promise<void> {
    try {
      take(await api.session());
      if (keptLocale() === null) applyLocale(asLocale(account.value?.locale));
    } catch (error) {
      const known = asProblem(error);
      const kept = known.offline ? cachedSession() : null;
      if (kept) return takeKept(kept);
      asked.value = known.code === "sign_in_required";
      if (asked.value) cacheSession(null);
      problem.value = asked.value ? null : known;
    }
  }

  async function signIn(name: string, password: string): Promise<void> {
    take(await api.signIn(name, password));
    if (keptLocale() === null) applyLocale(asLocale(account.value?.locale));
  }

  async function setUp(body: Parameters<typeof api.setUp>[0]): Promise<void> {
    take(await api.setUp(body));
  }

  async function signOut(): Promise<void> {
    try {
      await api.signOut();
    } catch (error) {
      // Signed out already counts as signed out; an unreachable gateway does not.
      if (asProblem(error).code !== "sign_in_required") throw error;
    }
    cacheWipe();
    cacheOwner("");
    drop();
  }

  async function chooseLocale(locale: Locale): Promise<void> {
    applyLocale(locale);
    if (!session.value) return;
    try {
      take(await api.setLocale(locale));
    } catch (error) {
      // The page speaks the chosen language already; that the account does not know it yet is no reason to stop.
      if (!(error instanceof ApiProblem)) throw error;
    }
  }

  function can(right: Right): boolean {
    return session.value?.rights.includes(right) ?? false;
  }

  function begin(): void {
    listen({
      signedOut: () => {
        if (!session.value) return;
        expired.value = true;
        drop();
      },
      renewToken: async () => take(await api.session()),
    });
  }

  return {
    session, asked, expired, problem, account, undoWindowS,
    restore, signIn, setUp, signOut, chooseLocale, can, begin,
  };
});
