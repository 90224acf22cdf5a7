/*
 * GridPatrol's service worker: keeps the shell of the page (its own scripts, styles and icons) for a bad line, and
 * shows notifications. It never keeps an answer of the API and never footage: those are not even looked at here.
 * The two lines below are filled in by the build.
 */
const BUILD = "__BUILD__";
const SHELL = __SHELL__;

const SHELL_CACHE = `gridpatrol-shell-${BUILD}`;
const WORDS_CACHE = "gridpatrol-words";
const WORDS_KEY = "/push-words";
const PAGE = "/";
// On a line that answers slower than this the kept page is shown; its data say themselves how old they are.
const PAGE_TIMEOUT_MS = 3_000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL_CACHE).then((cache) => cache.addAll([PAGE, ...SHELL])).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOld().then(() => self.clients.claim()));
});

async function dropOld() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("gridpatrol-shell-") && name !== SHELL_CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** What this worker answers; everything else goes its own way, as if there were no worker. */
function duty(request) {
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return null;
  if (SHELL.includes(url.pathname)) return kept;
  const ours = !/^\/(api|api-docs|healthz|readyz|metrics)(\/|$)/.test(url.pathname) && !/\.[a-z0-9]+$/i.test(url.pathname);
  return request.mode === "navigate" && ours ? page : null;
}

async function kept(request) {
  return (await caches.match(request, { cacheName: SHELL_CACHE, ignoreSearch: true })) ?? fetch(request);
}

/** The page anew where the line allows it, otherwise the one kept: it belongs to the scripts kept with it. */
async function page(request) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PAGE_TIMEOUT_MS);
  try {
    return await fetch(request, { signal: limit.signal });
  } catch (error) {
    const old = await caches.match(PAGE, { cacheName: SHELL_CACHE });
    if (old) return old;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

self.addEventListener("fetch", (event) => {
  const answer = duty(event.request);
  if (answer) event.respondWith(answer(event.request));
});

self.addEventListener("message", (event) => {
  if (event.data?.kind !== "words") return;
  event.waitUntil(caches.open(WORDS_CACHE).then((cache) => cache.put(WORDS_KEY, new Response(JSON.stringify(event.data.words)))));
});

async function words() {
  const found = await caches.match(WORDS_KEY, { cacheName: WORDS_CACHE });
  return found ? found.json() : { title: "GridPatrol", one: "S1", other: "S2" };
}

/** A lock screen shows how urgent and how many, never where or what was seen. */
async function show(note) {
  const said = await words();
  const count = Number.isInteger(note.count) ? note.count : 1;
  const text = note.severity === "S1" ? said.one : said.other;
  await self.registration.showNotification(said.title, {
    body: text.replace("#", String(count)),
    icon: "/icon.svg",
    tag: "gridpatrol-review",
    renotify: true,
    data: { path: "/review" },
  });
}

self.addEventListener("push", (event) => {
  event.waitUntil(show(event.data ? event.data.json() : {}));
});

async function open(path) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const here = pages.find((page) => new URL(page.url).origin === self.location.origin);
  if (!here) return self.clients.openWindow(path);
  await here.focus();
  return here.navigate(path);
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.path ?? "/today"));
});
