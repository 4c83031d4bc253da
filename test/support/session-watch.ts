import type { Page, WebSocket } from 'playwright';
import type { SessionView, TakeView } from '#protocol/session.ts';

const WAIT_TIMEOUT_MS = 30_000;

/** A view and when it arrived, by this machine's clock, which is the server's too. */
export interface Seen {
  at: number;
  view: SessionView;
}

/**
 * Listens to what the server tells a page over socket.io, without taking part. Make it before the page connects.
 */
export class SessionWatch {
  readonly seen: Seen[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(page: Page) {
    page.on('websocket', (socket: WebSocket) => {
      socket.on('framereceived', ({ payload }) => this.#read(String(payload)));
    });
  }

  /** The newest view. @throws Error before the first */
  get view(): SessionView {
    const newest = this.seen.at(-1);
    if (!newest) throw new Error('no session was seen yet');
    return newest.view;
  }

  /** A question by its number, as last seen. */
  question(number: number) {
    const found = this.view.questions.find((one) => one.number === number);
    if (!found) throw new Error(`there is no question ${number}`);
    return found;
  }

  /** A take by question and number, as last seen; number 0 is the newest. */
  take(question: number, number = 0): TakeView {
    const { takes } = this.question(question);
    const found = number === 0 ? takes.at(-1) : takes.find((one) => one.number === number);
    if (!found) throw new Error(`question ${question} has no take ${number}`);
    return found;
  }

  /** Every take of every question and of the rehearsal, by id, with the instants at which its state was first seen. */
  statesOf(takeId: string): Map<TakeView['state'], Seen & { take: TakeView }> {
    const states = new Map<TakeView['state'], Seen & { take: TakeView }>();
    for (const { at, view } of this.seen) {
      const takes = [...view.rehearsal.takes, ...view.questions.flatMap((question) => question.takes)];
      const take = takes.find((one) => one.id === takeId);
      if (take && !states.has(take.state)) states.set(take.state, { at, view, take });
    }
    return states;
  }

  /**
   * Waits for a view that was or will be seen after `seen` had the length `from`.
   * @throws Error naming what was waited for, and where the session stands, after 30 s or `timeoutMs`
   */
  async waitFor(
    what: string,
    test: (view: SessionView) => boolean,
    options: { timeoutMs?: number; from?: number } = {},
  ): Promise<Seen> {
    const from = options.from ?? Math.max(0, this.seen.length - 1);
    const find = () => this.seen.slice(from).find(({ view }) => test(view));
    const known = find();
    if (known) return known;
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find();
        if (!found) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        const last = this.seen.at(-1)?.view;
        const questions = last?.questions.map((one) => `${one.state}[${one.takes.map((take) => take.state).join()}]`);
        reject(new Error(`waited in vain for ${what}; last seen: ${last?.state ?? 'nothing'} ${questions?.join(' ')}`));
      }, options.timeoutMs ?? WAIT_TIMEOUT_MS);
      this.#waiting.add(look);
    });
  }

  #read(payload: string): void {
    const json = /^4[23](?:\/[^,]*,)?\d*(\[.*)$/s.exec(payload)?.[1];
    if (json === undefined) return;
    for (const part of JSON.parse(json) as unknown[]) {
      const view = sessionIn(part);
      if (!view) continue;
      this.seen.push({ at: Date.now(), view });
      for (const look of [...this.#waiting]) look();
    }
  }
}

/** A push carries `{session}`, an acknowledgement `{ok, data: {session}}`. */
function sessionIn(part: unknown): SessionView | null {
  if (typeof part !== 'object' || part === null) return null;
  const { session, data } = part as { session?: SessionView; data?: { session?: SessionView } };
  return session ?? data?.session ?? null;
}
