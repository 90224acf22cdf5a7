import { describe, expect, it } from "vitest";
import type { Connection, DeviceProfile, StreamProbe } from "@/api/find";
import type { EventType } from "@/api/types";
import { MOST_ADDRESSES, rangeSize, readAddress, readLonLat, readPlaces, readPorts, readRanges } from "@/desk/find/addresses";
import { asKnownFault } from "@/desk/find/faults";
import { inLanes } from "@/desk/find/lanes";
import { choosableTypes, startingTypes } from "@/desk/find/startingRules";
import { documentOf, emptyWizard, going, idFor, lacks, mayGo, pickProfiles, reduce, streamsOf, toConnect, type Action, type Wizard } from "@/desk/find/wizard";

const A = "http://10.1.2.5/onvif/device_service";
const B = "http://10.1.2.6/onvif/device_service";

function profile(token: string, width: number, role: "main" | "sub" | null = null): DeviceProfile {
  return { token, name: token, source: "v1", role, codec: "h264", width, height: width / 2, fps: 25, bitrate_kbps: 2000, movable: false, stream_url: `rtsp://10.1.2.5/${token}`, snapshot_url: null };
}

const PROBE: StreamProbe = { token: "p1", code: null, codec: "h264", width: 1920, height: 1080, fps: 25, gop_s: 2, bitrate_kbps: 2000, clock_offset_s: 0, took_s: 1 };

function connection(...profiles: DeviceProfile[]): Connection {
  return { connection_id: "k1", device: { manufacturer: "Acme", model: "M1", firmware: "1", serial: "2" }, clock: { offset_s: 0 }, profiles, presets: [], quirks: [] };
}

function run(actions: Action[], from: Wizard = emptyWizard()): Wizard {
  return actions.reduce(reduce, from);
}

const add = (xaddr: string, host: string): Action => ({ kind: "add", device: { xaddr, host } });
const TWO = run([add(A, "10.1.2.5"), add(B, "10.1.2.6")]);
const PROFILES = [profile("p1", 1920, "main"), profile("p2", 640, "sub")];
const READY = run([
  { kind: "connected", key: A, connection: connection(...PROFILES) },
  { kind: "probed", key: A, main: PROBE, sub: PROBE },
  { kind: "edit", key: A, change: { name: " East gate ", place: "3 East Street" } },
  { kind: "position", key: A, lon: 100.45, lat: 38.93 },
  { kind: "grids", key: A, grids: ["g1", "g2"], by: "position" },
  { kind: "legal", change: { purpose: "fire lanes", legal_basis: "art7_gov", installer_unit: "Town", placement_class: "public_road" } },
  { kind: "forbidden", ids: ["toilet"] },
], TWO);

describe("choosing devices", () => {
  it("takes each once and gives each an id of its own", () => {
    const state = run([add(A, "10.1.2.5"), add(A, "10.1.2.5"), add(`${A}/2`, "10.1.2.5")]);
    expect(state.devices.map((device) => device.id)).toEqual(["cam-10-1-2-5", "cam-10-1-2-5-2"]);
  });

  it("makes ids that the configuration takes, from whatever the host is", () => {
    for (const host of ["10.1.2.5", "[fe80::1]", "CAM_East.local", "", "x".repeat(90)]) expect(idFor(host, new Set())).toMatch(/^[a-z0-9][a-z0-9_-]{0,62}$/);
  });

  it("goes nowhere without a device", () => {
    expect(reduce(emptyWizard(), { kind: "go", step: "connect" }).step).toBe("find");
    expect(reduce(TWO, { kind: "go", step: "connect" }).step).toBe("connect");
  });
});

describe("connecting", () => {
  it("does not try refused credentials again: cameras lock accounts", () => {
    const refused = run([{ kind: "connectFailed", key: A, code: "auth_failed" }, { kind: "connectFailed", key: B, code: "unreachable" }], TWO);
    expect(toConnect(refused).map((device) => device.key)).toEqual([B]);
    const other = reduce(refused, { kind: "credentials" });
    expect(toConnect(other).map((device) => device.key)).toEqual([A, B]);
  });

  it("leaves a connected camera connected when other credentials are typed", () => {
    const state = run([{ kind: "connected", key: A, connection: connection(...PROFILES) }, { kind: "credentials" }], TWO);
    expect(going(state).map((device) => device.key)).toEqual([A]);
    expect(toConnect(state).map((device) => device.key)).toEqual([B]);
  });

  it("goes on with those that answered", () => {
    const none = run([{ kind: "connectFailed", key: A, code: "unreachable" }], TWO);
    expect(mayGo(none, "picture")).toBe(false);
    expect(mayGo(run([{ kind: "connected", key: B, connection: connection(...PROFILES) }], none), "picture")).toBe(true);
  });

  it("names every fault it knows, an expired connection too", () => {
    expect([asKnownFault("auth_failed"), asKnownFault("not_found"), asKnownFault("odd")]).toEqual(["auth_failed", "expired", "unexpected"]);
  });
});

describe("streams", () => {
  it("are those the gateway names", () => {
    expect(pickProfiles([profile("a", 640, "sub"), profile("b", 1920, "main")])).toEqual({ main: "b", sub: "a" });
  });

  it("are else the largest and the smallest, never the same twice", () => {
    expect(pickProfiles([profile("a", 640), profile("b", 1920), profile("c", 320)])).toEqual({ main: "b", sub: "c" });
    expect(pickProfiles([profile("a", 640)])).toEqual({ main: "a", sub: null });
    expect(pickProfiles([profile("a", 640), profile("b", 640)]).sub).toBeNull();
    expect(pickProfiles([])).toEqual({ main: null, sub: null });
  });

  it("typed by hand are kept as typed", () => {
    const typed = run([
      { kind: "add", device: { streamUrl: "rtsp://10.1.2.9/1", subUrl: "rtsp://10.1.2.9/2", host: "10.1.2.9" } },
      { kind: "connected", key: "rtsp://10.1.2.9/1", connection: { ...connection({ ...profile("stream", 0, "main"), stream_url: "rtsp://10.1.2.9/1" }), device: null } },
    ]);
    expect(typed.devices[0] && streamsOf(typed.devices[0])).toEqual([{ url: "rtsp://10.1.2.9/1", role: "main" }, { url: "rtsp://10.1.2.9/2", role: "sub" }]);
  });

  it("without an address are not taken", () => {
    expect(pickProfiles([{ ...profile("a", 1920, "main"), stream_url: null }, profile("b", 640)])).toEqual({ main: "b", sub: null });
  });

  it("of a recorder belong to one camera per channel", () => {
    const second = [profile("q1", 1920, "main"), profile("q2", 640, "sub")].map((one) => ({ ...one, source: "v2" }));
    const state = run([{ kind: "connected", key: A, connection: connection(...PROFILES, ...second) }], TWO);
    expect(state.devices.map(({ key, id, main, sub }) => [key, id, main, sub])).toEqual([
      [`${A}#v1`, "cam-10-1-2-5", "p1", "p2"],
      [`${A}#v2`, "cam-10-1-2-5-2", "q1", "q2"],
      [B, "cam-10-1-2-6", null, null],
    ]);
    const anew = reduce(state, { kind: "reconnected", origin: A, connectionId: "k2" });
    expect(anew.devices.map((device) => device.connection?.connection_id)).toEqual(["k2", "k2", undefined]);
    expect(reduce(anew, { kind: "remove", key: `${A}#v1` }).devices.map((device) => device.key)).toEqual([`${A}#v2`, B]);
    expect(reduce(anew, { kind: "remove", key: A }).devices.map((device) => device.key)).toEqual([B]);
    expect(run([add(A, "10.1.2.5")], anew).devices).toHaveLength(3);
  });

  it("chosen anew must be read anew", () => {
    const state = run([{ kind: "profiles", key: A, main: "p2", sub: null }], READY);
    expect(lacks(state, "picture")).toEqual([{ word: "probe", keys: [A] }]);
  });

  it("that cannot be read say why", () => {
    const state = run([{ kind: "probed", key: A, main: { ...PROBE, code: "no_video" }, sub: null }], READY);
    expect(state.devices[0]?.probe).toEqual({ state: "failed", code: "no_video" });
  });
});

describe("position and grids", () => {
  it("follow the position until a person chooses", () => {
    const state = run([
      { kind: "grids", key: A, grids: ["g9"], by: "person" },
      { kind: "grids", key: A, grids: ["g1"], by: "position" },
    ], READY);
    expect(state.devices[0]).toMatchObject({ grids: ["g9"], gridsBy: "person" });
  });

  it("are wanted, with a name and an id nobody else has", () => {
    const bare = run([
      { kind: "edit", key: A, change: { name: " ", id: "Bad id" } },
      { kind: "position", key: A, lon: 200, lat: 38 },
      { kind: "grids", key: A, grids: [], by: "person" },
    ], READY);
    expect(lacks(bare, "place").map((lack) => lack.word)).toEqual(["name", "id", "position", "grid"]);
    const twice = run([{ kind: "connected", key: B, connection: connection(...PROFILES) }, { kind: "edit", key: B, change: { id: "cam-10-1-2-5" } }], READY);
    expect(lacks(twice, "place").find((lack) => lack.word === "twice")?.keys).toEqual([A, B]);
  });
});

describe("compliance", () => {
  it("refuses a forbidden place, for all or for one", () => {
    expect(lacks(READY, "legal")).toEqual([]);
    const all = reduce(READY, { kind: "legal", change: { placement_class: "toilet" } });
    const one = reduce(READY, { kind: "edit", key: A, change: { placement: "toilet" } });
    for (const state of [all, one]) {
      expect(lacks(state, "legal")).toEqual([{ word: "forbidden", keys: [A] }]);
      expect(reduce(state, { kind: "go", step: "enable" }).step).not.toBe("enable");
    }
  });

  it("wants purpose, basis and unit", () => {
    const state = reduce(READY, { kind: "legal", change: { purpose: " ", legal_basis: "", installer_unit: "" } });
    expect(lacks(state, "legal").map((lack) => lack.word)).toEqual(["purpose", "basis", "installer"]);
  });
});

describe("what is saved", () => {
  it("is the camera in the words of the configuration, without credentials", () => {
    const state = run([{ kind: "rules", rules: [{ type: "smoke_fire", waits: false }, { type: "zone_intrusion", waits: true }] }], READY);
    const device = going(state)[0];
    expect(device && documentOf(state, device)).toEqual({
      id: "cam-10-1-2-5",
      name: "East gate",
      grids: ["g1", "g2"],
      position: { lon: 100.45, lat: 38.93, place: "3 East Street" },
      streams: [{ url: "rtsp://10.1.2.5/p1", role: "main" }, { url: "rtsp://10.1.2.5/p2", role: "sub" }],
      legal: { purpose: "fire lanes", legal_basis: "art7_gov", installer_unit: "Town", placement_class: "public_road", signage_confirmed: false },
      rules: [{ id: "smoke_fire", type: "smoke_fire" }, { id: "zone_intrusion", type: "zone_intrusion", enabled: false }],
    });
  });

  it("may be for later, and a camera may differ from the others", () => {
    const state = run([{ kind: "enabled", enabled: false }, { kind: "edit", key: A, change: { placement: "forest", signage: true } }], READY);
    const device = going(state)[0];
    expect(device && documentOf(state, device)).toMatchObject({ enabled: false, legal: { placement_class: "forest", signage_confirmed: true } });
  });

  it("remembers what was refused and why", () => {
    const state = run([{ kind: "saveFailed", key: A, code: "invalid", problems: [{ field: "id", message: "taken", code: "taken" }] }], READY);
    expect(state.devices[0]).toMatchObject({ save: { state: "failed", code: "invalid" }, problems: [{ field: "id" }] });
    expect(reduce(state, { kind: "saving", key: A }).devices[0]?.problems).toEqual([]);
  });
});

describe("addresses", () => {
  it("are counted as they are written", () => {
    expect(["10.1.2.0/24", "10.1.2.5-10.1.2.40", "10.1.2.5-40", "10.1.2.5"].map(rangeSize)).toEqual([256, 36, 36, 1]);
    expect(["10.1.2", "10.1.2.256", "10.1.2.9-10.1.2.5", "10.0.0.0/33", "cam.local", "1.2.3.4.5"].map(rangeSize)).toEqual([null, null, null, null, null, null]);
    expect(rangeSize("10.0.0.0/8")).toBeGreaterThan(MOST_ADDRESSES);
  });

  it("may be several, with Chinese commas, and short ends are written out", () => {
    expect(readRanges("10.1.2.0/30，10.1.3.5 - 7\nwhat")).toEqual({ ranges: ["10.1.2.0/30", "10.1.3.5-10.1.3.7"], bad: ["what"], addresses: 7 });
  });

  it("have ports", () => {
    expect(readPorts("80, 8000")).toEqual([80, 8000]);
    expect(readPorts("80,http")).toBeNull();
    expect(readPorts("70000")).toBeNull();
  });

  it("by hand are a stream, a service, or a bare host", () => {
    expect(readAddress("10.1.2.5").device).toEqual({ xaddr: A, host: "10.1.2.5" });
    expect(readAddress("10.1.2.5:8000").device?.xaddr).toBe("http://10.1.2.5:8000/onvif/device_service");
    expect(readAddress("http://10.1.2.5/onvif/other").device?.xaddr).toBe("http://10.1.2.5/onvif/other");
    expect(readAddress(" rtsp://10.1.2.5:554/1 ").device).toEqual({ streamUrl: "rtsp://10.1.2.5:554/1", subUrl: null, host: "10.1.2.5" });
  });

  it("never carry a password", () => {
    expect(readAddress("rtsp://admin:pw@10.1.2.5/1").problem).toBe("credentials");
    expect(readAddress("rtsp://10.1.2.5/1", "rtsp://u:p@10.1.2.5/2").problem).toBe("credentials");
    expect([readAddress(" ").problem, readAddress("two words").problem, readAddress("rtsp://").problem]).toEqual(["empty", "address", "address"]);
  });

  it("come with positions from a spreadsheet", () => {
    const text = "10.1.2.5\t100.45\t38.93\tEast\t3 East Street\n10.1.2.6，100.46，38.94\nbad line\n10.1.2.7\t999\t1\n";
    expect(readPlaces(text)).toEqual({
      rows: [{ who: "10.1.2.5", lon: 100.45, lat: 38.93, name: "East", place: "3 East Street" }, { who: "10.1.2.6", lon: 100.46, lat: 38.94, name: "", place: "" }],
      bad: 2,
    });
  });

  it("have positions as people write them", () => {
    expect(readLonLat("100.45, 38.93")).toEqual({ lon: 100.45, lat: 38.93 });
    expect(readLonLat("100.45，38.93")).toEqual({ lon: 100.45, lat: 38.93 });
    expect(["", "100.45", "100,45,38,93", "200, 38", "a, b"].map(readLonLat)).toEqual([null, null, null, null, null]);
  });
});

describe("many at once", () => {
  it("are asked so many at a time, all of them", async () => {
    let now = 0;
    let most = 0;
    const done: number[] = [];
    await inLanes([1, 2, 3, 4, 5, 6, 7], 3, async (n) => {
      most = Math.max(most, ++now);
      await Promise.resolve();
      now -= 1;
      done.push(n);
    });
    expect(most).toBe(3);
    expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});

describe("starting rules", () => {
  const type = (id: string, available: boolean): EventType => ({ id, zh: id, en: id, severity: "S2", dwell_s: 5, deadline: { zh: "", en: "" }, needs_model: false, available });

  it("are those of the place that this gateway can recognise", () => {
    expect(startingTypes("forest", [type("smoke_fire", true), type("open_burning", false), type("litter", true)])).toEqual(["smoke_fire"]);
    expect(startingTypes("nowhere", [type("smoke_fire", true)])).toEqual([]);
  });

  it("leave out faults of cameras, which need no rule", () => {
    expect(choosableTypes([type("camera_fault.black", true), type("litter", true)]).map((one) => one.id)).toEqual(["litter"]);
  });
});
