/** Regions, grids, event types and holidays as they are configured, and how they are changed. */
import type { Change, Finding } from "./config";
import { getJson, send } from "./client";

export const ENTRY_KINDS = ["calendar", "grid", "region", "event_type"] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];
export type EntryDoc = Record<string, unknown>;

export interface SiteEntry {
  id: string;
  version: number;
  document: EntryDoc; // of an event type that comes with the program: what the site says otherwise
  effective: EntryDoc | null; // event types: with all that holds
  shipped: boolean;
  used_by: number;
}

export interface SavedEntry {
  entry: SiteEntry | null;
  diff: Change[];
  problems: Finding[];
  warnings: Finding[];
}

export interface EntryChange {
  id: string;
  document: EntryDoc | null; // null: taken away
  base_version: number;
}

export const siteApi = {
  entries: (kind: EntryKind) => getJson<{ items: SiteEntry[] }>(`/config/entries/${kind}`),
  preview: (kind: EntryKind, change: EntryChange) =>
    send<SavedEntry>("POST", `/config/entries/${kind}`, { body: { ...change, reason: "-", preview: true } }),
  save: (kind: EntryKind, change: EntryChange, reason: string, idempotencyKey: string) =>
    send<SavedEntry>("POST", `/config/entries/${kind}`, { body: { ...change, reason, preview: false }, idempotencyKey }),
};
