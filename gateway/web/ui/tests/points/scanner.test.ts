import { flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { i18n } from "@/locales";
import CodeScanner from "@/points/CodeScanner.vue";
import { openReader, seenIn } from "@/points/reader";
import { MOST_SCAN_MS } from "@/points/useScanner";
import { fakeGateway } from "../make";

const ended = vi.fn();
const track = { stop: ended };
const stream = { getTracks: () => [track] } as unknown as MediaStream;

class FakeDetector {
  static texts: (string | DOMException)[] = [];
  static getSupportedFormats = () => Promise.resolve(["qr_code"]);
  detect(): Promise<{ rawValue: string }[]> {
    const next = FakeDetector.texts.shift();
    if (next instanceof DOMException) return Promise.reject(next);
    return Promise.resolve(next === undefined ? [] : [{ rawValue: next }]);
  }
}

function camera(open: () => Promise<MediaStream>): void {
  vi.stubGlobal("isSecureContext", true);
  Object.defineProperty(navigator, "mediaDevices", { value: { getUserMedia: open }, configurable: true });
}

const scanner = () => mount(CodeScanner, { global: { plugins: [i18n] } });
const start = async (page: ReturnType<typeof scanner>) => {
  await page.get("[data-testid=scan-start]").trigger("click");
  await flushPromises();
};

beforeEach(() => {
  ended.mockClear();
  FakeDetector.texts = [];
  vi.stubGlobal("BarcodeDetector", FakeDetector);
  vi.spyOn(HTMLMediaElement.prototype, "play").mockResolvedValue();
  vi.spyOn(HTMLMediaElement.prototype, "readyState", "get").mockReturnValue(4);
  vi.spyOn(HTMLVideoElement.prototype, "videoWidth", "get").mockReturnValue(640);
  vi.spyOn(HTMLVideoElement.prototype, "videoHeight", "get").mockReturnValue(480);
  vi.useFakeTimers({ toFake: ["setTimeout", "Date"] });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  Reflect.deleteProperty(navigator, "mediaDevices");
});

describe("what a code says", () => {
  it("is ours, another's, or nothing", () => {
    expect(seenIn(" 0K3M9ABCDXYZ ")).toEqual({ kind: "code", code: "0K3M9ABCDXYZ" });
    expect(seenIn("https://shop.example/")).toEqual({ kind: "other" });
    expect([seenIn(""), seenIn(null), seenIn(undefined)]).toEqual([{ kind: "none" }, { kind: "none" }, { kind: "none" }]);
  });
});

describe("the scanner", () => {
  it("looks through the camera until there is a code, then lets go of it", async () => {
    camera(() => Promise.resolve(stream));
    FakeDetector.texts = ["https://shop.example/", "0K3M9ABCDXYZ"];
    const page = scanner();
    await start(page);
    expect(page.get("[data-testid=scan-words]").text()).toBe(i18n.global.t("scan.other"));
    await vi.advanceTimersByTimeAsync(250);
    expect(page.emitted("code")).toEqual([["0K3M9ABCDXYZ"]]);
    expect(ended).toHaveBeenCalledTimes(1);
    expect(page.find("[data-testid=scan-stop]").exists()).toBe(false);
  });

  it.each([
    ["NotAllowedError", "denied"],
    ["NotFoundError", "missing"],
    ["NotReadableError", "busy"],
  ])("says in words why there is no picture: %s", async (name, why) => {
    camera(() => Promise.reject(new DOMException("no", name)));
    const page = scanner();
    await start(page);
    expect(page.get("[data-testid=scan-why]").text()).toBe(i18n.global.t(`scan.why.${why}`));
    expect(page.find("[data-testid=scan-photo]").exists()).toBe(true);
  });

  it("knows that browsers give no camera to plain http", async () => {
    camera(() => Promise.resolve(stream));
    vi.stubGlobal("isSecureContext", false);
    const page = scanner();
    await start(page);
    expect(page.get("[data-testid=scan-why]").text()).toBe(i18n.global.t("scan.why.insecure"));
  });

  it("rests after a minute, when the page is left, and when it is stopped", async () => {
    camera(() => Promise.resolve(stream));
    const page = scanner();
    await start(page);
    await vi.advanceTimersByTimeAsync(MOST_SCAN_MS + 1_000);
    expect([ended.mock.calls.length, page.text().includes(i18n.global.t("scan.rested"))]).toEqual([1, true]);
    await start(page);
    await page.get("[data-testid=scan-stop]").trigger("click");
    await start(page);
    page.unmount();
    expect(ended).toHaveBeenCalledTimes(3);
  });
});

describe("a browser that cannot read", () => {
  const frames = (...texts: (string | null)[]) => texts.map((code) => ({ status: 200, body: { code } }));

  beforeEach(() => {
    vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue({ drawImage: () => {} } as never);
    vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation((done) => done(new Blob(["jpeg"])));
  });

  it("asks the gateway, about once a second and one frame at a time", async () => {
    vi.stubGlobal("BarcodeDetector", undefined);
    camera(() => Promise.resolve(stream));
    const calls = fakeGateway(frames(null, "0K3M9ABCDXYZ"));
    const page = scanner();
    await start(page);
    await vi.advanceTimersByTimeAsync(800);
    expect(calls.map((call) => call.path)).toEqual(["/api/v1/points/read"]);
    await vi.advanceTimersByTimeAsync(200);
    expect(page.emitted("code")).toEqual([["0K3M9ABCDXYZ"]]);
  });

  it("says that the line is bad and goes on", async () => {
    vi.stubGlobal("BarcodeDetector", undefined);
    camera(() => Promise.resolve(stream));
    fakeGateway(["down", ...frames("0K3M9ABCDXYZ")]);
    const page = scanner();
    await start(page);
    expect(page.get("[data-testid=scan-words]").text()).toBe(i18n.global.t("scan.lost"));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(page.emitted("code")).toHaveLength(1);
  });

  it("is found out by its first look, where the class is only a name", async () => {
    fakeGateway(frames("0K3M9ABCDXYZ"));
    FakeDetector.texts = [new DOMException("no service", "NotSupportedError")];
    const reader = await openReader();
    expect(reader.by).toBe("browser");
    const video = document.createElement("video");
    expect(await reader.look(video)).toEqual({ kind: "code", code: "0K3M9ABCDXYZ" });
  });
});
