import type { Clock } from '#server/clock.ts';

/** How many requests of one person may wait. A page has a handful under way; more is a flood. */
export const MAX_WAITING_REQUESTS = 32;
/** How many connections one person may hold: tabs, and those of a flapping network that have not timed out yet. */
export const MAX_CONNECTIONS = 16;
/** A page makes a few dozen requests when it comes, and one every few seconds afterwards. */
export const REQUESTS_AT_ONCE = 200;
const REQUESTS_PER_S = 20;
const MS_PER_S = 1_000;

/** One that can be shown the door. */
export interface Connection {
  disconnect(): void;
}

/** What becomes of a request: it is let in, refused, or so far beyond all measure that its connection is ended. */
export type Verdict = 'granted' | 'refused' | 'flood';

/** What one person may ask of the server, over all of their connections together. */
export class Allowance {
  /** Requests that are carried out or wait for it. */
  waiting = 0;
  readonly #clock: Clock;
  /** The oldest first. */
  readonly #connections = new Set<Connection>();
  /** Below zero what was asked for in vain is owed, down to a second bucket. */
  #left = REQUESTS_AT_ONCE;
  #filledAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#filledAt = clock.now();
  }

  /** Counts one request, or one attempt to connect, in a bucket that fills at a steady rate. */
  spend(): Verdict {
    this.#fill();
    this.#left = Math.max(this.#left - 1, -REQUESTS_AT_ONCE);
    if (this.#left >= 0) return 'granted';
    return this.#left > -REQUESTS_AT_ONCE ? 'refused' : 'flood';
  }

  /** Lets a connection in. Where there are too many the oldest ones have to go: a phone's newest is the living one. */
  enter(connection: Connection): void {
    this.#connections.add(connection);
    for (const oldest of this.#connections) {
      if (this.#connections.size <= MAX_CONNECTIONS) return;
      this.#connections.delete(oldest);
      oldest.disconnect();
    }
  }

  leave(connection: Connection): void {
    this.#connections.delete(connection);
  }

  /** Whether it is like a new one, so that nothing is lost with it. */
  get unused(): boolean {
    this.#fill();
    return this.#connections.size === 0 && this.waiting === 0 && this.#left === REQUESTS_AT_ONCE;
  }

  #fill(): void {
    const now = this.#clock.now();
    // The machine's clock may be put back.
    const elapsedMs = Math.max(0, now - this.#filledAt);
    this.#left = Math.min(REQUESTS_AT_ONCE, this.#left + (elapsedMs * REQUESTS_PER_S) / MS_PER_S);
    this.#filledAt = now;
  }
}

/** The allowances of everybody who is connected, or was a moment ago. */
export class Allowances {
  readonly #clock: Clock;
  readonly #known = new Map<string, Allowance>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many are kept. */
  get size(): number {
    return this.#known.size;
  }

  /** An account's allowance: the same one for as long as anything is left of it. */
  of(accountId: string): Allowance {
    const known = this.#known.get(accountId);
    if (known) return known;
    for (const [id, allowance] of this.#known) if (allowance.unused) this.#known.delete(id);
    const made = new Allowance(this.#clock);
    this.#known.set(accountId, made);
    return made;
  }
}
