import { computed, ref, shallowRef, type Ref } from "vue";
import type { CameraDoc, ZoneDoc, ZoneKind } from "@/api/config";
import type { Point } from "@/api/types";
import { isIn, kindOf, newZone, withoutZone, withZone, zonesOf } from "./draft";
import {
  contains, cornerAt, hitShape, inserted, leastPoints, nearestEdge, shifted, snap, starter, toPoint, withCorner, without,
  type Hit, type Scale,
} from "./geometry";
import { nudgeOf, percent } from "./nudge";
import { following } from "./view";
import type { View } from "./view";

// How near a pointer or a finger must come, px.
export const REACH = 10;
export const TOUCH_REACH = 24;
// A finger that moves less than this has tapped.
const STILL_PX = 5;

interface Wiring {
  doc: Ref<CameraDoc>;
  scale: Ref<Scale>; // what one 0-1 unit of the picture measures on the screen
  view: Ref<View>;
  preset?: Ref<string | null>; // whose zones are drawn
  snapping: Ref<boolean>;
  change: (name: string, next: CameraDoc, merge?: string | null) => void;
  seal: () => void;
  announce: (text: string) => void;
  t: (key: string, named?: Record<string, unknown>) => string;
  focusName: () => void;
}

interface Drag {
  what: Hit | { on: "view" };
  zone: ZoneDoc | null;
  start: Point;
  from: readonly Point[];
  view: View;
  moved: boolean;
}

/** Everything that a pointer, a finger or keys do to zones. Drawings are changed through `change` only. */
export function useZoneDesk(w: Wiring) {
  const tool = ref<ZoneKind | null>(null); // null: choose and move
  const drawn = shallowRef<Point[]>([]);
  const cursor = shallowRef<Point>([0.5, 0.5]); // where the next corner would be
  const selectedId = ref<string | null>(null);
  const corner = ref(-1);
  const guides = shallowRef<{ x: number | null; y: number | null }>({ x: null, y: null });
  const drag = shallowRef<Drag | null>(null);
  const together = ref(false); // all zones move as one
  const redrawn = ref<string | null>(null); // the zone whose outline is drawn anew
  let runs = 0;

  const preset = computed(() => w.preset?.value ?? null);
  const zones = computed(() => zonesOf(w.doc.value).filter((zone) => isIn(zone, preset.value)));
  const selected = computed(() => zones.value.find((zone) => zone.id === selectedId.value) ?? null);

  const at = (p: Point): string => w.t("edit.zone.at", { x: percent(p[0]), y: percent(p[1]) });

  function others(id: string | null): Point[] {
    return zones.value.filter((zone) => zone.id !== id).flatMap((zone) => zone.polygon);
  }

  function stuck(p: Point, own: readonly Point[], id: string | null, reach: number): Point {
    if (!w.snapping.value) return toPoint(...p);
    const found = snap(p, others(id), own, w.scale.value, reach);
    guides.value = { x: found.guideX, y: found.guideY };
    return found.point;
  }

  function put(zone: ZoneDoc, polygon: Point[], name: string, merge: string | null): void {
    w.change(name, withZone(w.doc.value, { ...zone, polygon }), merge);
  }

  function select(id: string | null): void {
    selectedId.value = id;
    corner.value = -1;
    if (selected.value) w.announce(w.t("edit.zone.selected", { name: selected.value.name, n: selected.value.polygon.length }));
  }

  // Drawing

  function begin(kind: ZoneKind | null): void {
    tool.value = tool.value === kind ? null : kind;
    drawn.value = [];
    redrawn.value = null;
    if (tool.value === null) return;
    select(null);
    w.announce(w.t("edit.zone.drawing", { kind: w.t(`zoneKind.${tool.value}`) }));
  }

  function addPoint(p: Point, reach: number): void {
    const kind = tool.value;
    if (kind === null) return;
    const enough = drawn.value.length >= leastPoints(kind);
    const onFirst = cornerAt(drawn.value.slice(0, 1), p, w.scale.value, reach) === 0;
    if (kind !== "line" && enough && onFirst) return finish();
    const next = stuck(p, drawn.value, null, reach);
    const last = drawn.value.at(-1);
    if (last && last[0] === next[0] && last[1] === next[1]) return;
    drawn.value = [...drawn.value, next];
    cursor.value = next;
    w.announce(w.t("edit.zone.added", { n: drawn.value.length, at: at(next) }));
  }

  function create(kind: ZoneKind, points: Point[]): void {
    const n = zones.value.filter((zone) => kindOf(zone) === kind).length + 1;
    const zone = newZone(w.doc.value, kind, points, `${w.t(`zoneKind.${kind}`)} ${n}`, preset.value);
    w.change(w.t("edit.step.draw", { name: zone.name }), withZone(w.doc.value, zone));
    tool.value = null;
    drawn.value = [];
    guides.value = { x: null, y: null };
    select(zone.id);
    w.focusName();
  }

  function finish(): void {
    const kind = tool.value;
    if (kind === null) return;
    const points = withoutEcho(drawn.value, w.scale.value);
    if (points.length < leastPoints(kind)) return;
    const old = zones.value.find((zone) => zone.id === redrawn.value);
    if (old) replace(old, points);
    else create(kind, points);
  }

  function replace(zone: ZoneDoc, points: Point[]): void {
    put(zone, points, w.t("edit.step.redraw", { name: zone.name }), null);
    begin(null);
    guides.value = { x: null, y: null };
    select(zone.id);
  }

  /** Draw the outline of a zone anew; its name and rules stay. */
  function redraw(zone: ZoneDoc): void {
    tool.value = null;
    begin(kindOf(zone));
    redrawn.value = zone.id;
  }

  /** For those who would rather bend a shape than draw one. */
  function start(): void {
    const { x, y, zoom } = w.view.value;
    if (tool.value !== null) create(tool.value, starter(tool.value, [x + 0.5 / zoom, y + 0.5 / zoom], 0.3 / zoom));
  }

  function takeBackPoint(): boolean {
    if (drawn.value.length === 0) return false;
    drawn.value = drawn.value.slice(0, -1);
    return true;
  }

  // Pointer

  function hitAt(p: Point, reach: number): { zone: ZoneDoc; hit: Hit } | null {
    const chosen = selected.value;
    const ordered = chosen ? [chosen, ...zones.value.filter((zone) => zone !== chosen)] : zones.value;
    for (const zone of ordered) {
      const hit = hitShape({ points: zone.polygon, kind: kindOf(zone) }, p, w.scale.value, reach);
      // Corners and edges belong to the chosen shape: a shape must be chosen before it is bent.
      if (hit) return { zone, hit: zone === chosen || kindOf(zone) === "line" ? hit : { on: "inside" } };
    }
    return null;
  }

  function press(p: Point, reach: number): void {
    if (tool.value !== null) {
      cursor.value = p;
      return;
    }
    const found = hitAt(p, reach);
    const fresh = found !== null && found.zone.id !== selectedId.value;
    if (!found) select(null);
    else if (fresh) select(found.zone.id);
    const what = !found ? ({ on: "view" } as const) : fresh ? ({ on: "inside" } as const) : found.hit;
    corner.value = what.on === "corner" ? what.index : -1;
    runs += 1;
    drag.value = { what, zone: found?.zone ?? null, start: p, from: found?.zone.polygon ?? [], view: w.view.value, moved: false };
  }

  function move(p: Point, reach: number): void {
    cursor.value = p;
    const now = drag.value;
    if (!now) return;
    const far = Math.hypot((p[0] - now.start[0]) * w.scale.value.x, (p[1] - now.start[1]) * w.scale.value.y);
    if (!now.moved && far < STILL_PX) return;
    const first = !now.moved;
    now.moved = true;
    if (now.what.on === "view" || !now.zone) return;
    dragShape(now, now.zone, p, first, reach);
  }

  function dragShape(now: Drag, zone: ZoneDoc, p: Point, first: boolean, reach: number): void {
    const merge = `drag-${runs}`;
    const name = w.t("edit.step.move", { name: zone.name });
    if (now.what.on === "edge" && first) {
      now.from = inserted(now.from, now.what.index, now.what.at);
      corner.value = now.what.index + 1;
    }
    if (now.what.on === "inside") {
      const [dx, dy] = [p[0] - now.start[0], p[1] - now.start[1]];
      if (together.value) return shiftAll(dx, dy, merge, now);
      return put(zone, shifted(now.from, dx, dy), name, merge);
    }
    const own = now.from.filter((_, i) => i !== corner.value);
    put(zone, withCorner(now.from, corner.value, stuck(p, own, zone.id, reach)), name, merge);
  }

  let before: CameraDoc | null = null;

  function shiftAll(dx: number, dy: number, merge: string, now: Drag | null): void {
    if (before === null || now === null) before = w.doc.value;
    w.change(w.t("edit.step.moveAll"), shiftedAll(before, preset.value, dx, dy), merge);
    if (now === null) before = null;
  }

  function release(p: Point, reach: number): void {
    const now = drag.value;
    drag.value = null;
    before = null;
    guides.value = { x: null, y: null };
    if (tool.value !== null) return addPoint(p, reach);
    if (!now?.moved) return;
    w.seal();
    const zone = zones.value.find((one) => one.id === now.zone?.id);
    const point = zone?.polygon[corner.value];
    if (point) w.announce(w.t("edit.zone.cornerAt", { n: corner.value + 1, at: at(point) }));
  }

  function cancelDrag(): void {
    if (drag.value?.moved) w.seal();
    drag.value = null;
    before = null;
  }

  // Chosen shape

  function addCorner(): void {
    const zone = selected.value;
    if (!zone) return;
    const n = zone.polygon.length;
    const open = kindOf(zone) === "line";
    const index = corner.value < 0 ? 0 : open ? Math.min(corner.value, n - 2) : corner.value;
    const [a, b] = [zone.polygon[index] as Point, zone.polygon[(index + 1) % n] as Point];
    const middle: Point = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    put(zone, inserted(zone.polygon, index, middle), w.t("edit.step.corner", { name: zone.name }), null);
    corner.value = index + 1;
    w.announce(w.t("edit.zone.cornerAt", { n: index + 2, at: at(middle) }));
  }

  function removeCorner(): boolean {
    const zone = selected.value;
    if (!zone || corner.value < 0) return false;
    if (zone.polygon.length <= leastPoints(kindOf(zone))) {
      w.announce(w.t("edit.zone.fewest"));
      return true;
    }
    put(zone, without(zone.polygon, corner.value), w.t("edit.step.corner", { name: zone.name }), null);
    corner.value = Math.min(corner.value, zone.polygon.length - 1);
    return true;
  }

  function remove(): void {
    const zone = selected.value;
    if (!zone) return;
    w.change(w.t("edit.step.removeZone", { name: zone.name }), withoutZone(w.doc.value, zone.id));
    select(null);
    w.announce(w.t("edit.zone.removed", { name: zone.name }));
  }

  function copy(): void {
    const zone = selected.value;
    if (!zone) return;
    const name = w.t("edit.zone.copyOf", { name: zone.name });
    const made = newZone(w.doc.value, kindOf(zone), shifted(zone.polygon, 0.03, 0.03), name, zone.preset ?? null);
    w.change(w.t("edit.step.draw", { name: made.name }), withZone(w.doc.value, zone.grid ? { ...made, grid: zone.grid } : made));
    select(made.id);
  }

  // Keys

  function nudge(key: string, far: boolean): boolean {
    const by = nudgeOf(key, far);
    if (!by) return false;
    if (tool.value !== null) moveCursor(by);
    else if (together.value) nudgeAll(by);
    else if (selected.value) nudgeShape(selected.value, by);
    else return false;
    return true;
  }

  function moveCursor([dx, dy]: readonly [number, number]): void {
    // Bigger steps while drawing: the first placing is rough.
    cursor.value = toPoint(cursor.value[0] + dx * 5, cursor.value[1] + dy * 5);
    w.view.value = following(w.view.value, cursor.value);
    w.announce(at(cursor.value));
  }

  function nudgeAll([dx, dy]: readonly [number, number]): void {
    shiftAll(dx, dy, "nudge-all", null);
    w.announce(w.t("edit.step.moveAll"));
  }

  function nudgeShape(zone: ZoneDoc, [dx, dy]: readonly [number, number]): void {
    const merge = `nudge-${zone.id}-${corner.value}`;
    const name = w.t("edit.step.move", { name: zone.name });
    const point = zone.polygon[corner.value];
    if (!point) {
      const moved = shifted(zone.polygon, dx, dy);
      put(zone, moved, name, merge);
      return w.announce(w.t("edit.zone.movedTo", { name: zone.name, at: at(moved[0] as Point) }));
    }
    const next = toPoint(point[0] + dx, point[1] + dy);
    put(zone, withCorner(zone.polygon, corner.value, next), name, merge);
    w.view.value = following(w.view.value, next);
    w.announce(w.t("edit.zone.cornerAt", { n: corner.value + 1, at: at(next) }));
  }

  function stepCorner(by: 1 | -1): void {
    const zone = selected.value;
    if (!zone) return stepZone(by);
    w.seal();
    const n = zone.polygon.length;
    corner.value = corner.value < 0 ? (by === 1 ? 0 : n - 1) : (corner.value + by + n) % n;
    const point = zone.polygon[corner.value] as Point;
    w.view.value = following(w.view.value, point);
    w.announce(w.t("edit.zone.cornerAt", { n: corner.value + 1, at: at(point) }));
  }

  function stepZone(by: 1 | -1): void {
    const n = zones.value.length;
    if (n === 0) return;
    const index = zones.value.findIndex((zone) => zone.id === selectedId.value);
    const next = index < 0 ? (by === 1 ? 0 : n - 1) : (index + by + n) % n;
    select(zones.value[next]?.id ?? null);
  }

  function leave(): boolean {
    if (tool.value !== null) begin(null);
    else if (corner.value >= 0) corner.value = -1;
    else if (selectedId.value !== null) select(null);
    else return false;
    return true;
  }

  function pressDelete(): boolean {
    if (tool.value !== null) return takeBackPoint();
    if (removeCorner()) return true;
    if (!selected.value) return false;
    remove();
    return true;
  }

  const KEYS: Record<string, () => boolean> = {
    enter: () => (tool.value !== null ? (finish(), true) : false),
    " ": () => (tool.value !== null ? (addPoint(cursor.value, REACH), true) : false),
    escape: leave,
    delete: pressDelete,
    backspace: pressDelete,
    a: () => (addCorner(), selected.value !== null),
    j: () => (stepCorner(1), true),
    k: () => (stepCorner(-1), true),
    n: () => (stepZone(1), true),
    p: () => (stepZone(-1), true),
  };

  function onKey(key: string, far: boolean): boolean {
    return nudge(key, far) || (KEYS[key.toLowerCase()]?.() ?? false);
  }

  /** What would change at the point: for the pointer's shape. */
  function hover(p: Point): string {
    if (tool.value !== null) return "crosshair";
    const zone = selected.value;
    const hit = zone ? hitShape({ points: zone.polygon, kind: kindOf(zone) }, p, w.scale.value, REACH) : null;
    if (hit?.on === "corner") return "grab";
    if (hit?.on === "edge") return "copy";
    if (hit) return "move";
    const near = zones.value.some((one) =>
      kindOf(one) === "line"
        ? (nearestEdge(one.polygon, p, w.scale.value, true)?.distance ?? Infinity) < REACH
        : contains(one.polygon, p),
    );
    return near ? "pointer" : "default";
  }

  return {
    tool, drawn, redrawn, cursor, selectedId, selected, corner, guides, drag, together, zones,
    select, begin, addPoint, finish, start, takeBackPoint, press, move, release, cancelDrag,
    addCorner, removeCorner, remove, copy, redraw, onKey, nudge, hover,
  };
}

/** The second press of a double click sets a corner on top of the first: only one was meant. */
function withoutEcho(points: readonly Point[], scale: Scale): Point[] {
  const last = points.at(-1);
  const echo = last && cornerAt(points.slice(-2, -1), last, scale, STILL_PX) === 0;
  return echo ? points.slice(0, -1) : [...points];
}

/** Move all zones of a view by the same amount, as far as all of them can go: they keep their places to one another. */
function shiftedAll(document: CameraDoc, preset: string | null, dx: number, dy: number): CameraDoc {
  const all = zonesOf(document).flatMap((zone) => (isIn(zone, preset) ? zone.polygon : []));
  if (all.length === 0) return document;
  const moved = shifted(all, dx, dy);
  let from = 0;
  const zones = zonesOf(document).map((zone) => {
    if (!isIn(zone, preset)) return zone;
    const polygon = moved.slice(from, from + zone.polygon.length);
    from += zone.polygon.length;
    return { ...zone, polygon };
  });
  return { ...document, zones };
}

export type ZoneDesk = ReturnType<typeof useZoneDesk>;
