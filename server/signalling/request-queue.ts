import { MAX_WAITING_REQUESTS, type Allowance } from './allowance.ts';

/** Carries out one connection's requests one at a time, in the order in which they arrived. */
export class RequestQueue {
  readonly #allowance: Allowance;
  #last: Promise<void> = Promise.resolve();

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  /**
   * Runs `task` after all those before it. A task must not reject.
   * @returns false, and never runs it, when too many of the person's requests are waiting
   */
  add(task: () => Promise<void>): boolean {
    if (this.#allowance.waiting >= MAX_WAITING_REQUESTS) return false;
    this.#allowance.waiting += 1;
    this.#last = this.#last.then(task).finally(() => (this.#allowance.waiting -= 1));
    return true;
  }

  /** When everything that was added until now is done. */
  idle(): Promise<void> {
    return this.#last;
  }
}
