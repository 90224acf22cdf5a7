/** What was done, step by step: each can be taken back and done again. States are never changed in place. */

// A visitor who drags for minutes makes one step per drag; nobody goes back further than this.
export const MOST_STEPS = 200;

interface Step<T> {
  name: string;
  before: T;
  after: T;
  merge: string | null;
}

export interface Done<T> {
  name: string; // what was taken back, or done again
  state: T;
}

/** A line of steps. Steps with the same `merge` word that follow one another are one: a drag, a held arrow key. */
export class History<T> {
  private past: Step<T>[] = [];
  private future: Step<T>[] = [];

  constructor(private now: T) {}

  get state(): T {
    return this.now;
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  /** What would be taken back, for the button's words; "" for nothing. */
  get next(): string {
    return this.past.at(-1)?.name ?? "";
  }

  do(name: string, after: T, merge: string | null = null): void {
    if (after === this.now) return;
    const last = this.past.at(-1);
    if (merge !== null && last?.merge === merge) this.past[this.past.length - 1] = { ...last, after };
    else this.past.push({ name, before: this.now, after, merge });
    if (this.past.length > MOST_STEPS) this.past.shift();
    this.future = [];
    this.now = after;
  }

  /** End a drag or a run of keys: the next step stands on its own. */
  seal(): void {
    const last = this.past.at(-1);
    if (last) this.past[this.past.length - 1] = { ...last, merge: null };
  }

  /** What is shown was saved and came back, perhaps written a little differently: no step of anybody. */
  replace(state: T): void {
    const last = this.past.at(-1);
    if (last) this.past[this.past.length - 1] = { ...last, after: state, merge: null };
    this.future = [];
    this.now = state;
  }

  undo(): Done<T> | null {
    const step = this.past.pop();
    if (!step) return null;
    this.future.push({ ...step, merge: null });
    this.now = step.before;
    return { name: step.name, state: this.now };
  }

  redo(): Done<T> | null {
    const step = this.future.pop();
    if (!step) return null;
    this.past.push(step);
    this.now = step.after;
    return { name: step.name, state: this.now };
  }

  /** Begin anew from what is saved. */
  reset(state: T): void {
    this.past = [];
    this.future = [];
    this.now = state;
  }
}
