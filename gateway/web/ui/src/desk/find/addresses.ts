/** Addresses as people type them: ranges to be searched, single cameras, and lists of positions from a spreadsheet. */

import type { NewDevice } from "./wizard";

export const MOST_ADDRESSES = 4_096; // the gateway searches no more at once

function octets(text: string): number | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  let value = 0;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return null;
    value = value * 256 + Number(part);
  }
  return value;
}

/** How many addresses a range has ("10.1.2.0/24", "10.1.2.5-10.1.2.40", "10.1.2.5-40", one address); null: no range. */
export function rangeSize(text: string): number | null {
  const [base = "", bits] = text.split("/");
  if (bits !== undefined) {
    const known = octets(base) !== null && /^\d{1,2}$/.test(bits) && Number(bits) <= 32;
    return known ? 2 ** (32 - Number(bits)) : null;
  }
  const [from = "", to] = text.split("-");
  const low = octets(from);
  const high = to === undefined ? low : octets(wholeAddress(from, to));
  return low === null || high === null || high < low ? null : high - low + 1;
}

/** "40" behind "10.1.2.5-" means 10.1.2.40. */
function wholeAddress(from: string, to: string): string {
  return /^\d{1,3}$/.test(to) ? `${from.slice(0, from.lastIndexOf("."))}.${to}` : to;
}

function whole(range: string): string {
  const [from = "", to] = range.split("-");
  return to === undefined ? range : `${from}-${wholeAddress(from, to)}`;
}

export interface Ranges {
  ranges: string[];
  bad: string[];
  addresses: number;
}

/** Ranges separated by blanks, commas or lines, also the Chinese ones. */
export function readRanges(text: string): Ranges {
  const words = text.normalize("NFKC").replace(/\s*-\s*/g, "-").split(/[\s,;\u3001]+/).filter(Boolean);
  const bad = words.filter((word) => rangeSize(word) === null);
  const good = words.filter((word) => rangeSize(word) !== null);
  return { ranges: good.map(whole), bad, addresses: good.reduce((sum, word) => sum + (rangeSize(word) ?? 0), 0) };
}

/** Ports separated by blanks or commas; null when one of them is none. */
export function readPorts(text: string): number[] | null {
  const ports = text.normalize("NFKC").split(/[\s,;]+/).filter(Boolean).map(Number);
  return ports.every((port) => Number.isInteger(port) && port > 0 && port < 65_536) ? ports : null;
}

export type Typed =
  | { device: NewDevice; problem: null }
  | { device: null; problem: "empty" | "credentials" | "address" };

/** The parts of an address, null when it is none. Parts of other schemes than http are not known to every browser. */
function partsOf(url: string): URL | null {
  try {
    return new URL(url.replace(/^[a-z]+:/i, "http:"));
  } catch {
    return null;
  }
}

function hostOf(url: string): string | null {
  return partsOf(url)?.hostname || null;
}

function hasCredentials(url: string): boolean {
  const authority = /^[a-z]+:\/\/([^/]*)/i.exec(url)?.[1] ?? "";
  return authority.includes("@");
}

/** One camera by hand: an RTSP address, an ONVIF address, or a bare host (port 80, or the one given). */
export function readAddress(text: string, subUrl = ""): Typed {
  const word = text.trim();
  if (!word) return { device: null, problem: "empty" };
  if (hasCredentials(word) || hasCredentials(subUrl)) return { device: null, problem: "credentials" };
  if (/^rtsps?:\/\//i.test(word)) return plainStream(word, subUrl.trim());
  const url = /^https?:\/\//i.test(word) ? word : `http://${word}`;
  const host = /\s/.test(word) ? null : hostOf(url);
  if (!host) return { device: null, problem: "address" };
  const bare = partsOf(url)?.pathname === "/" ? `${url.replace(/\/$/, "")}/onvif/device_service` : url;
  return { device: { xaddr: bare, host }, problem: null };
}

function plainStream(url: string, subUrl: string): Typed {
  const host = hostOf(url);
  if (!host || (subUrl && !/^rtsps?:\/\/[^/]/i.test(subUrl))) return { device: null, problem: "address" };
  return { device: { streamUrl: url, subUrl: subUrl || null, host }, problem: null };
}

export interface PlaceRow {
  who: string; // host, id or name
  lon: number;
  lat: number;
  name: string;
  place: string;
}

/** Rows copied from a spreadsheet: camera, longitude, latitude, then name and place where given. Other rows are counted. */
export function readPlaces(text: string): { rows: PlaceRow[]; bad: number } {
  const rows: PlaceRow[] = [];
  let bad = 0;
  for (const line of text.split(/\r?\n/)) {
    if (!line.trim()) continue;
    const cells = line.split(/\t|,|\uff0c/).map((part) => part.trim());
    const [who = "", lon = "", lat = "", name = "", place = ""] = cells;
    const at = { lon: Number(lon), lat: Number(lat) };
    const known = who && lon && lat && Math.abs(at.lon) <= 180 && Math.abs(at.lat) <= 90;
    if (known) rows.push({ who, ...at, name, place });
    else bad += 1;
  }
  return { rows, bad };
}

/** A position as people write it, "100.45, 38.93", also with blanks or a Chinese comma; null when it is none. */
export function readLonLat(text: string): { lon: number; lat: number } | null {
  const parts = text.trim().split(/[\s,\uff0c]+/);
  if (parts.length !== 2 || !parts.every((part) => /^-?\d+(\.\d+)?$/.test(part))) return null;
  const [lon = 0, lat = 0] = parts.map(Number);
  return Math.abs(lon) <= 180 && Math.abs(lat) <= 90 ? { lon, lat } : null;
}
