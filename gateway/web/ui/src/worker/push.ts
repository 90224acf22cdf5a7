/** Notifications of urgent items: the browser's subscription and the gateway's knowledge of it. */

import { workerApi } from "@/api/worker";

export type PushState =
  | "insecure" // the page came over plain http
  | "missing" // this browser has no push
  | "off" // this gateway sends none
  | "blocked" // the person, or their organisation, said no
  | "idle"
  | "subscribed";

/** A key in base64url as bytes, as the browser wants it. */
export function keyBytes(text: string): Uint8Array<ArrayBuffer> {
  const padded = text.replace(/-/g, "+").replace(/_/g, "/").padEnd(Math.ceil(text.length / 4) * 4, "=");
  return Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0));
}

async function registration(): Promise<ServiceWorkerRegistration | null> {
  return (await navigator.serviceWorker.getRegistration()) ?? null;
}

export async function pushState(): Promise<PushState> {
  if (!window.isSecureContext) return "insecure";
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) return "missing";
  if (Notification.permission === "denied") return "blocked";
  if (await (await registration())?.pushManager.getSubscription()) return "subscribed";
  return (await workerApi.pushKey()).public_key === null ? "off" : "idle";
}

export async function subscribe(): Promise<PushState> {
  const { public_key } = await workerApi.pushKey();
  if (public_key === null) return "off";
  if ((await Notification.requestPermission()) !== "granted") return pushState();
  const worker = await navigator.serviceWorker.ready;
  const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: keyBytes(public_key) });
  const { endpoint, keys } = subscription.toJSON();
  await workerApi.subscribe({ ...(endpoint ? { endpoint } : {}), ...(keys ? { keys } : {}) });
  return "subscribed";
}

export async function unsubscribe(): Promise<PushState> {
  const subscription = await (await registration())?.pushManager.getSubscription();
  if (subscription) {
    await workerApi.unsubscribe(subscription.endpoint);
    await subscription.unsubscribe();
  }
  return pushState();
}
