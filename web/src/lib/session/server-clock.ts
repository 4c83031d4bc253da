/** How many round trips are remembered; the quickest of them is believed. */
const SAMPLES_KEPT = 8;

interface Sample {
  roundTripMs: number;
  /** What has to be added to the monotonic clock to get the server's. */
  offsetMs: number;
}

/**
 * The server's clock as seen from here. It counts by a monotonic clock, so that setting the device's clock in
 * mid-session moves no deadline on the screen.
 */
export class ServerClock {
  readonly #monotonicNow: () => number;
  #samples: Sample[] = [];
  #offsetMs: number | null = null;

  /** @param options.monotonicNow milliseconds that never jump, such as `performance.now` */
  constructor(options: { monotonicNow: () => number }) {
    this.#monotonicNow = options.monotonicNow;
  }

  /** A reading of the monotonic clock, to be handed to {@link observe}. */
  mark(): number {
    return this.#monotonicNow();
  }

  /**
   * Takes in one `clock:sync` round trip.
   * @param sentMark {@link mark} before the request
   * @param serverNow what the server answered, milliseconds since 1970
   */
  observe(sentMark: number, serverNow: number): void {
    const receivedMark = this.#monotonicNow();
    const roundTripMs = Math.max(0, receivedMark - sentMark);
    // The server read its clock somewhere within the round trip; its middle errs by half of it at most.
    this.#samples.push({ roundTripMs, offsetMs: serverNow + roundTripMs / 2 - receivedMark });
    if (this.#samples.length > SAMPLES_KEPT) this.#samples.shift();
    const best = this.#samples.reduce((a, b) => (b.roundTripMs < a.roundTripMs ? b : a));
    this.#offsetMs = best.offsetMs;
  }

  /** Takes in a `now` that came with a message: the server's clock shows at least that much. */
  atLeast(serverNow: number): void {
    const offsetMs = serverNow - this.#monotonicNow();
    if (this.#offsetMs === null || offsetMs > this.#offsetMs) this.#offsetMs = offsetMs;
  }

  /** Forgets old round trips: a monotonic clock may have stood still while the device slept. */
  forget(): void {
    this.#samples = [];
    this.#offsetMs = null;
  }

  /** The server's clock, milliseconds since 1970, or null as long as nothing is known of it. */
  now(): number | null {
    return this.#offsetMs === null ? null : this.#monotonicNow() + this.#offsetMs;
  }
}
