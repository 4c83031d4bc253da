import { ApiError } from '../api-error.ts';

const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 10_000;

/** What another try may answer differently. Everything else is the server's word on whose session it is. */
const PASSING: ReadonlySet<ApiError['code']> = new Set<ApiError['code']>([
  'offline',
  'unavailable',
  'internal',
  'busy',
  'shutting_down',
  'rate_limited',
  'version_conflict',
  'token_expired',
  'not_joined',
]);

/** `waiting`: the last try failed, and another one follows. `joined` is the only state in which anything can be done. */
export type JoiningState = 'none' | 'trying' | 'waiting' | 'joined' | 'refused';

export interface JoiningOptions {
  /** Joins once; throws when it was refused or not answered. */
  join(): Promise<void>;
  onState(state: JoiningState): void;
  /** Called when no repetition will help. */
  onRefused(error: unknown): void;
}

/** Joins the session at each new connection, again and again until the server takes the page in or refuses for good. */
export class Joining {
  readonly #options: JoiningOptions;
  /** Grows with each start and stop, so that what an earlier one still awaits comes to nothing. */
  #generation = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: JoiningOptions) {
    this.#options = options;
  }

  /** Joins on a connection that has just been made, or on which the server does not know the page any more. */
  start(): void {
    this.stop();
    this.#options.onState('trying');
    void this.#try(this.#generation, RETRY_MIN_MS);
  }

  /** The connection is gone: {@link start} is called when it is back. */
  stop(): void {
    this.#generation += 1;
    clearTimeout(this.#timer);
    this.#options.onState('none');
  }

  async #try(generation: number, delayMs: number): Promise<void> {
    try {
      await this.#options.join();
      if (generation === this.#generation) this.#options.onState('joined');
    } catch (error) {
      if (generation !== this.#generation) return;
      if (!(error instanceof ApiError && PASSING.has(error.code))) {
        this.#options.onState('refused');
        this.#options.onRefused(error);
        return;
      }
      this.#options.onState('waiting');
      const next = Math.min(delayMs * 2, RETRY_MAX_MS);
      this.#timer = setTimeout(() => void this.#try(generation, next), delayMs);
    }
  }
}
