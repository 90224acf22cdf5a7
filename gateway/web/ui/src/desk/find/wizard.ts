/**
 * Onboarding as a state and the steps it goes through: what is chosen, what each camera answered, what is still
 * missing. Pure: the pages ask the gateway and tell this what it said. Passwords pass through, they are not kept here.
 */

import type { ConfigProblem, Connection, DeviceProfile, FoundDevice, StreamProbe } from "@/api/find";

export const STEPS = ["find", "connect", "picture", "place", "legal", "rules", "enable"] as const;
export type Step = (typeof STEPS)[number];

export interface Progress {
  state: "idle" | "busy" | "ok" | "failed";
  code: string; // why it failed
}

export interface Device {
  key: string; // its address, or its stream's; of a recorder's camera with the channel behind
  origin: string; // the address without the channel
  xaddr: string | null;
  streamUrl: string | null;
  subUrl: string | null;
  host: string;
  model: string;
  connect: Progress;
  refusedAt: number | null; // the credentials' serial that it refused
  connection: Connection | null;
  main: string | null; // profile token
  sub: string | null;
  probe: Progress;
  mainProbe: StreamProbe | null;
  subProbe: StreamProbe | null;
  id: string;
  name: string;
  place: string;
  lon: number | null;
  lat: number | null;
  grids: string[];
  gridsBy: "nobody" | "position" | "person";
  placement: string | null; // null: as for all
  signage: boolean | null; // null: as for all
  save: Progress;
  problems: ConfigProblem[];
}

export interface Legal {
  purpose: string;
  legal_basis: string;
  installer_unit: string;
  placement_class: string;
  signage_confirmed: boolean;
}

export interface Wizard {
  step: Step;
  devices: Device[];
  serial: number; // counts up whenever other credentials are typed
  legal: Legal;
  forbidden: readonly string[]; // placement classes that the law closes
  rules: StartingRule[];
  enabled: boolean;
}

export interface StartingRule {
  type: string;
  waits: boolean; // for its zone to be drawn: saved, but not armed yet
}

export type Action =
  | { kind: "go"; step: Step }
  | { kind: "add"; device: NewDevice }
  | { kind: "remove"; key: string }
  | { kind: "credentials" }
  | { kind: "connecting"; key: string }
  | { kind: "connected"; key: string; connection: Connection }
  | { kind: "reconnected"; origin: string; connectionId: string }
  | { kind: "connectFailed"; key: string; code: string }
  | { kind: "profiles"; key: string; main: string | null; sub: string | null }
  | { kind: "probing"; key: string }
  | { kind: "probed"; key: string; main: StreamProbe; sub: StreamProbe | null }
  | { kind: "probeFailed"; key: string; code: string }
  | { kind: "edit"; key: string; change: Partial<Pick<Device, "id" | "name" | "place" | "placement" | "signage">> }
  | { kind: "position"; key: string; lon: number | null; lat: number | null }
  | { kind: "grids"; key: string; grids: string[]; by: "position" | "person" }
  | { kind: "legal"; change: Partial<Legal> }
  | { kind: "forbidden"; ids: readonly string[] }
  | { kind: "rules"; rules: StartingRule[] }
  | { kind: "enabled"; enabled: boolean }
  | { kind: "saving"; key: string }
  | { kind: "saved"; key: string }
  | { kind: "saveFailed"; key: string; code: string; problems: ConfigProblem[] };

export interface NewDevice {
  xaddr?: string | null;
  streamUrl?: string | null;
  subUrl?: string | null;
  host: string;
  name?: string;
  model?: string;
}

const IDLE: Progress = { state: "idle", code: "" };
const BUSY: Progress = { state: "busy", code: "" };
const OK: Progress = { state: "ok", code: "" };
const failed = (code: string): Progress => ({ state: "failed", code });
const ID_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const LONGEST_ID = 58; // leaves room for a number behind

export function emptyWizard(): Wizard {
  return {
    step: "find",
    devices: [],
    serial: 0,
    legal: { purpose: "", legal_basis: "", installer_unit: "", placement_class: "", signage_confirmed: false },
    forbidden: [],
    rules: [],
    enabled: true,
  };
}

/** An id that no other has: from the host, with a number behind where one host has several. */
export function idFor(host: string, taken: ReadonlySet<string>): string {
  const bare = host.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  const base = `cam-${bare || "new"}`.slice(0, LONGEST_ID);
  for (let n = 1; ; n += 1) {
    const id = n === 1 ? base : `${base}-${n}`;
    if (!taken.has(id)) return id;
  }
}

export function keyOf(device: NewDevice): string {
  return device.xaddr ?? device.streamUrl ?? device.host;
}

export function fromFound(found: FoundDevice): NewDevice {
  return { xaddr: found.xaddr, host: found.host, name: found.name, model: found.hardware };
}

/** With the port, where it is not the usual one: one host may have several devices. */
export function whereOf({ xaddr, host }: { xaddr: string | null; host: string }): string {
  return /^https?:\/\/([^/]+)/i.exec(xaddr ?? "")?.[1]?.replace(/:80$/, "") ?? host;
}

function made(device: NewDevice, taken: ReadonlySet<string>): Device {
  return {
    key: keyOf(device),
    origin: keyOf(device),
    xaddr: device.xaddr ?? null,
    streamUrl: device.streamUrl ?? null,
    subUrl: device.subUrl || null,
    host: device.host,
    model: device.model ?? "",
    connect: IDLE,
    refusedAt: null,
    connection: null,
    main: null,
    sub: null,
    probe: IDLE,
    mainProbe: null,
    subProbe: null,
    id: idFor(device.host, taken),
    name: device.name ?? "",
    place: "",
    lon: null,
    lat: null,
    grids: [],
    gridsBy: "nobody",
    placement: null,
    signage: null,
    save: IDLE,
    problems: [],
  };
}

function change(state: Wizard, key: string, next: (device: Device) => Partial<Device>): Wizard {
  return {
    ...state,
    devices: state.devices.map((device) => (device.key === key ? { ...device, ...next(device) } : device)),
  };
}

/** The streams taken unless somebody chooses others: those the gateway names, else the largest and the smallest. */
export function pickProfiles(all: readonly DeviceProfile[]): { main: string | null; sub: string | null } {
  const profiles = all.filter((profile) => profile.stream_url !== null);
  const bySize = [...profiles].sort((a, b) => b.width * b.height - a.width * a.height);
  const main = profiles.find((profile) => profile.role === "main") ?? bySize[0] ?? null;
  const smallest = bySize.at(-1);
  const smaller = main && smallest && smallest.width < main.width ? smallest : null;
  const sub = profiles.find((profile) => profile.role === "sub" && profile !== main) ?? smaller;
  return { main: main?.token ?? null, sub: sub?.token ?? null };
}

function connected(device: Device, connection: Connection): Device {
  const picked = pickProfiles(connection.profiles);
  const named = device.name || [connection.device?.manufacturer, connection.device?.model].filter(Boolean).join(" ");
  return {
    ...device,
    connect: OK,
    connection,
    main: picked.main,
    sub: picked.sub,
    probe: IDLE,
    mainProbe: null,
    subProbe: null,
    name: named,
    model: device.model || (connection.device?.model ?? ""),
  };
}

/** The cameras behind one address: a recorder has several, each with streams of its own. */
function channels(device: Device, connection: Connection, taken: Set<string>): Device[] {
  const sources = [...new Set(connection.profiles.map((profile) => profile.source))];
  if (sources.length < 2) return [connected(device, connection)];
  return sources.map((source, n) => {
    const profiles = connection.profiles.filter((profile) => profile.source === source);
    const one = connected(device, { ...connection, profiles });
    const id = idFor(device.host, taken);
    taken.add(id);
    return { ...one, key: `${device.origin}#${source}`, id, name: `${one.name || device.host} ${n + 1}` };
  });
}

function withConnection(state: Wizard, key: string, connection: Connection): Wizard {
  const taken = new Set(state.devices.filter((device) => device.key !== key).map((device) => device.id));
  return {
    ...state,
    devices: state.devices.flatMap((device) => (device.key === key ? channels(device, connection, taken) : [device])),
  };
}

function withConnectionId(state: Wizard, origin: string, connection_id: string): Wizard {
  const renewed = (device: Device) => (device.connection ? { ...device.connection, connection_id } : null);
  const devices = state.devices.map((device) => (device.origin === origin ? { ...device, connection: renewed(device) } : device));
  return { ...state, devices };
}

function probed(main: StreamProbe, sub: StreamProbe | null): Partial<Device> {
  return { probe: main.code ? failed(main.code) : OK, mainProbe: main, subProbe: sub };
}

/** Other credentials make what was tried with the old ones worth trying again; a connected camera stays connected. */
function withCredentials(state: Wizard): Wizard {
  const devices = state.devices.map((device) => (device.connect.state === "failed" ? { ...device, connect: IDLE } : device));
  return { ...state, serial: state.serial + 1, devices };
}

function add(state: Wizard, device: NewDevice): Wizard {
  if (state.devices.some((known) => known.origin === keyOf(device))) return state;
  return { ...state, devices: [...state.devices, made(device, new Set(state.devices.map((known) => known.id)))] };
}

/** A device with all its channels, or one channel. */
function without(devices: readonly Device[], key: string): Device[] {
  return devices.filter((device) => device.key !== key && device.origin !== key);
}

/** A person's choice of grids is not overruled by a later click on the map. */
function withGrids(device: Device, grids: string[], by: "position" | "person"): Partial<Device> {
  return by === "position" && device.gridsBy === "person" ? {} : { grids, gridsBy: by };
}

function ofDevice(state: Wizard, action: Action & { key: string }): Wizard {
  return change(state, action.key, (device) => {
    switch (action.kind) {
      case "connecting": return { connect: BUSY };
      case "connectFailed": {
        const refusedAt = action.code === "auth_failed" ? state.serial : device.refusedAt;
        return { connect: failed(action.code), refusedAt };
      }
      case "profiles": return { main: action.main, sub: action.sub, probe: IDLE, mainProbe: null, subProbe: null };
      case "probing": return { probe: BUSY };
      case "probed": return probed(action.main, action.sub);
      case "probeFailed": return { probe: failed(action.code) };
      case "edit": return action.change;
      case "position": return { lon: action.lon, lat: action.lat };
      case "grids": return withGrids(device, action.grids, action.by);
      case "saving": return { save: BUSY, problems: [] };
      case "saved": return { save: OK, problems: [] };
      case "saveFailed": return { save: failed(action.code), problems: action.problems };
      default: return {};
    }
  });
}

export function reduce(state: Wizard, action: Action): Wizard {
  switch (action.kind) {
    case "go": return mayGo(state, action.step) ? { ...state, step: action.step } : state;
    case "add": return add(state, action.device);
    case "remove": return { ...state, devices: without(state.devices, action.key) };
    case "credentials": return withCredentials(state);
    case "connected": return withConnection(state, action.key, action.connection);
    case "reconnected": return withConnectionId(state, action.origin, action.connectionId);
    case "legal": return { ...state, legal: { ...state.legal, ...action.change } };
    case "forbidden": return { ...state, forbidden: action.ids };
    case "rules": return { ...state, rules: action.rules };
    case "enabled": return { ...state, enabled: action.enabled };
    default: return ofDevice(state, action);
  }
}

/** Cameras to be asked now: not connected yet, and not having refused just these credentials (cameras lock accounts). */
export function toConnect(state: Wizard): Device[] {
  return state.devices.filter(
    (device) => !["ok", "busy"].includes(device.connect.state) && device.refusedAt !== state.serial,
  );
}

/** Cameras that go on: those that answered. */
export function going(state: Wizard): Device[] {
  return state.devices.filter((device) => device.connect.state === "ok");
}

export const placementOf = (state: Wizard, device: Device): string => device.placement ?? state.legal.placement_class;
export const signageOf = (state: Wizard, device: Device): boolean => device.signage ?? state.legal.signage_confirmed;

export interface Lack {
  word: string; // what is missing, a message key below `find.lack`
  keys: string[]; // of the cameras concerned; empty: all
}

function lackOf(word: string, devices: readonly Device[], bad: (device: Device) => boolean): Lack[] {
  const keys = devices.filter(bad).map((device) => device.key);
  return keys.length > 0 ? [{ word, keys }] : [];
}

function placeLacks(devices: readonly Device[]): Lack[] {
  const ids = devices.map((device) => device.id);
  return [
    ...lackOf("name", devices, (device) => !device.name.trim()),
    ...lackOf("id", devices, (device) => !ID_PATTERN.test(device.id)),
    ...lackOf("twice", devices, (device) => ids.filter((id) => id === device.id).length > 1),
    ...lackOf("position", devices, (device) => !positionOk(device)),
    ...lackOf("grid", devices, (device) => device.grids.length === 0),
  ];
}

function positionOk({ lon, lat }: Device): boolean {
  return lon !== null && lat !== null && Math.abs(lon) <= 180 && Math.abs(lat) <= 90;
}

function legalLacks(state: Wizard): Lack[] {
  const { purpose, legal_basis, installer_unit } = state.legal;
  const shared = [
    ["purpose", purpose],
    ["basis", legal_basis],
    ["installer", installer_unit],
  ] as const;
  return [
    ...shared.filter(([, text]) => !text.trim()).map(([word]) => ({ word, keys: [] })),
    ...lackOf("placement", going(state), (device) => !placementOf(state, device)),
    ...lackOf("forbidden", going(state), (device) => state.forbidden.includes(placementOf(state, device))),
  ];
}

/** What a step still wants before the next one may be gone to. */
export function lacks(state: Wizard, step: Step): Lack[] {
  switch (step) {
    case "find": return state.devices.length === 0 ? [{ word: "device", keys: [] }] : [];
    case "connect": return going(state).length === 0 ? [{ word: "connected", keys: [] }] : [];
    case "picture": return lackOf("probe", going(state), (device) => device.probe.state !== "ok");
    case "place": return placeLacks(going(state));
    case "legal": return legalLacks(state);
    default: return [];
  }
}

/** Back always; forward one step after the other, each complete. */
export function mayGo(state: Wizard, to: Step): boolean {
  const target = STEPS.indexOf(to);
  if (target <= STEPS.indexOf(state.step)) return true;
  return STEPS.slice(0, target).every((step) => lacks(state, step).length === 0);
}

function urlOf(device: Device, token: string | null): string | null {
  if (token === null) return null;
  return device.connection?.profiles.find((known) => known.token === token)?.stream_url ?? null;
}

/** The streams to save, without credentials: the gateway keeps those with the connection. */
export function streamsOf(device: Device): { url: string; role: "main" | "sub" }[] {
  const main = urlOf(device, device.main);
  const sub = device.subUrl ?? urlOf(device, device.sub);
  return [
    ...(main ? [{ url: main, role: "main" as const }] : []),
    ...(sub && sub !== main ? [{ url: sub, role: "sub" as const }] : []),
  ];
}

/** The camera as it is saved, in the words of the configuration. */
export function documentOf(state: Wizard, device: Device): Record<string, unknown> {
  const { purpose, legal_basis, installer_unit } = state.legal;
  return {
    id: device.id,
    name: device.name.trim(),
    grids: device.grids,
    position: { lon: device.lon, lat: device.lat, ...(device.place.trim() ? { place: device.place.trim() } : {}) },
    streams: streamsOf(device),
    legal: {
      purpose: purpose.trim(),
      legal_basis,
      installer_unit: installer_unit.trim(),
      placement_class: placementOf(state, device),
      signage_confirmed: signageOf(state, device),
    },
    rules: state.rules.map(({ type, waits }) => ({
      id: type.replaceAll(".", "-"),
      type,
      ...(waits ? { enabled: false } : {}),
    })),
    ...(state.enabled ? {} : { enabled: false }),
  };
}
