/** How many requests of one connection may wait. A page has a handful under way; more is a flood. */
export const MAX_WAITING_REQUESTS = 32;

/** Carries out one connection's requests one at a time, in the order in which they arrived. */
export class RequestQueue {
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  /**
   * Runs `task` after all those before it. A task must not reject.
   * @returns false, and never runs it, when too many are waiting
   */
  add(task: () => Promise<void>): boolean {
    if (this.#waiting >= MAX_WAITING_REQUESTS) return false;
    this.#waiting += 1;
    this.#last = this.#last.then(task).finally(() => (this.#waiting -= 1));
    return true;
  }

  /** When everything that was added until now is done. */
  idle(): Promise<void> {
    return this.#last;
  }
}
