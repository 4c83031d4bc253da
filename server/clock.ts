/** A timer that can be cancelled; cancelling twice, or after it fired, is harmless. */
export interface Timer {
  cancel(): void;
}

/** The server's only source of time. Tests hold a {@link ManualClock} instead. */
export interface Clock {
  /** Milliseconds since 1970 UTC. */
  now(): number;
  /** Calls `run` once, at the instant `at` or as soon as possible after it. */
  at(at: number, run: () => void): Timer;
}

/** `setTimeout` fires at once for delays above this, so longer ones are split. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  at(at, run) {
    let handle: NodeJS.Timeout;
    const arm = () => {
      const delay = at - Date.now();
      handle = delay > MAX_DELAY_MS ? setTimeout(arm, MAX_DELAY_MS) : setTimeout(run, Math.max(0, delay));
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** A clock that stands still until a test moves it; due timers run in order of their instants. */
export class ManualClock implements Clock {
  #now: number;
  #timers: { at: number; run: () => void }[] = [];

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** How many timers are armed: a test of leaks counts them. */
  get pending(): number {
    return this.#timers.length;
  }

  at(at: number, run: () => void): Timer {
    const timer = { at, run };
    this.#timers.push(timer);
    return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  /** Moves the clock forward by `ms`, running what falls due on the way. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
    }
    this.#now = end;
  }
}
