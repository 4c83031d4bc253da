import { AppError } from '#protocol/errors.ts';
import type { Pushes } from '#protocol/events.ts';
import type { Allowance, Connection } from './allowance.ts';
import type { Identity, Room } from './ports.ts';
import { RequestQueue } from './request-queue.ts';

/** The session that a connection has joined, and its live media. */
export interface Place {
  sessionId: string;
  room: Room;
}

/** Tells a page something it did not ask for. */
export type Push = <N extends keyof Pushes>(name: N, body: Pushes[N]) => void;

/** One connection of a candidate's page. */
export class Peer implements Connection {
  readonly queue: RequestQueue;
  readonly push: Push;
  /** The person's, shared with their other connections. */
  readonly allowance: Allowance;
  /** Ends the connection. */
  readonly disconnect: () => void;
  identity: Identity;
  /** Null until the page has joined, and again when another has taken over. */
  place: Place | null = null;
  /** Something was kept from it as its token had expired. */
  behind = false;
  #connected = true;

  constructor(options: { identity: Identity; allowance: Allowance; push: Push; disconnect: () => void }) {
    this.identity = options.identity;
    this.allowance = options.allowance;
    this.push = options.push;
    this.disconnect = options.disconnect;
    this.queue = new RequestQueue(options.allowance);
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Notes that the connection is gone; the place is kept for the requests that arrived before. */
  disconnected(): void {
    this.#connected = false;
  }

  /** @throws AppError `not_joined` */
  joined(): Place {
    if (!this.place) throw new AppError('not_joined', 'Join the session first.');
    return this.place;
  }
}
