import { pace, QUEUE_MAX_BYTES, stale } from "./fragments";

type SourceClass = typeof MediaSource;

/** iPhones offer only the managed kind. */
function sourceClass(): SourceClass | undefined {
  const managed = (window as unknown as { ManagedMediaSource?: SourceClass }).ManagedMediaSource;
  return managed ?? (window.MediaSource as SourceClass | undefined);
}

export function canPlay(mime: string): boolean {
  return sourceClass()?.isTypeSupported(mime) ?? false;
}

/** Feeds fragments of MP4 to a video element, bounded in memory, near the live edge. */
export class MseSink {
  private readonly source: MediaSource;
  private readonly url: string;
  private buffer: SourceBuffer | null = null;
  private queue: ArrayBuffer[] = [];
  private queuedBytes = 0;
  private closed = false;

  constructor(
    private readonly video: HTMLVideoElement,
    mime: string,
    private readonly broken: () => void,
  ) {
    const Source = sourceClass();
    if (!Source) throw new Error("no media source");
    this.source = new Source();
    this.url = URL.createObjectURL(this.source);
    video.disableRemotePlayback = true;
    video.src = this.url;
    this.source.addEventListener("sourceopen", () => this.open(mime), { once: true });
  }

  private open(mime: string): void {
    if (this.closed) return;
    this.buffer = this.source.addSourceBuffer(mime);
    this.buffer.addEventListener("updateend", () => this.next());
    this.buffer.addEventListener("error", () => this.broken());
    this.next();
  }

  push(fragment: ArrayBuffer): void {
    this.queue.push(fragment);
    this.queuedBytes += fragment.byteLength;
    if (this.queuedBytes > QUEUE_MAX_BYTES) this.broken();
    else this.next();
  }

  private next(): void {
    if (this.closed || !this.buffer || this.buffer.updating || this.source.readyState !== "open") return;
    try {
      if (!this.trim()) this.append();
    } catch (error) {
      // Full buffer or a fragment the browser refuses: a fresh start helps both.
      if (!(error instanceof DOMException)) throw error;
      this.broken();
    }
  }

  private append(): void {
    this.steer();
    const fragment = this.queue.shift();
    if (!fragment) return;
    this.queuedBytes -= fragment.byteLength;
    this.buffer?.appendBuffer(fragment);
  }

  /** Drop what was long seen; true when the browser is now busy with that. */
  private trim(): boolean {
    const ranges = this.buffer?.buffered;
    if (!this.buffer || !ranges || ranges.length === 0) return false;
    const until = stale(this.video.currentTime, ranges.start(0));
    if (until === null) return false;
    this.buffer.remove(ranges.start(0), until);
    return true;
  }

  private steer(): void {
    const ranges = this.buffer?.buffered;
    if (!ranges || ranges.length === 0) return;
    const last = ranges.length - 1;
    const next = pace(this.video.currentTime, ranges.start(last), ranges.end(last));
    this.video.playbackRate = next.rate;
    if (next.jumpTo !== null) this.video.currentTime = next.jumpTo;
    // A refusal to play unasked leaves the first picture standing; the badge then tells how old it is.
    if (this.video.paused) void this.video.play().catch(() => undefined);
  }

  /** How far the picture on the screen is behind the newest one here, s. */
  lagS(): number {
    const ranges = this.buffer?.buffered;
    if (!ranges || ranges.length === 0) return 0;
    return Math.max(0, ranges.end(ranges.length - 1) - this.video.currentTime);
  }

  close(): void {
    this.closed = true;
    this.queue = [];
    this.video.removeAttribute("src");
    this.video.load();
    URL.revokeObjectURL(this.url);
  }
}
