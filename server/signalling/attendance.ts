import { AppError } from '#protocol/errors.ts';
import type { Clock, Timer } from '#server/clock.ts';
import type { Peer } from './peer.ts';
import type { Room, Rooms, SessionService } from './ports.ts';
import { tellProgress, tellState } from './tell.ts';

/** How long a session's media waits for its candidate: a reload, or a change of network, takes seconds. */
export const REJOIN_GRACE_MS = 30_000;

export interface AttendanceOptions {
  sessions: Pick<SessionService, 'subscribe' | 'mediaLost'>;
  rooms: Rooms;
  clock: Clock;
}

/** One session that somebody attends, or has attended a moment ago. */
interface Attended {
  room: Room;
  stopWatching: () => void;
  holder: Peer | null;
  unsubscribe: () => void;
  grace: Timer | null;
  /** Arrival number of the holder's join. */
  arrival: number;
}

const nothing = () => undefined;

/** Knows which page attends which session: one at a time, the newest. Closes the room when nobody comes back. */
export class Attendance {
  readonly #sessions: AttendanceOptions['sessions'];
  readonly #rooms: Rooms;
  readonly #clock: Clock;
  readonly #attended = new Map<string, Attended>();
  /** Joins under way, by session: its room must not be closed under them. */
  readonly #joining = new Map<string, number>();
  #arrivals = 0;
  #closed = false;

  constructor({ sessions, rooms, clock }: AttendanceOptions) {
    this.#sessions = sessions;
    this.#rooms = rooms;
    this.#clock = clock;
  }

  /**
   * Lets a page attend a session that is its own, in place of an older page, which is told.
   * @throws AppError `not_joined` when a page that came later has been let in meanwhile, or this one is gone
   */
  async join(peer: Peer, sessionId: string): Promise<Room> {
    const arrival = ++this.#arrivals;
    this.#joining.set(sessionId, (this.#joining.get(sessionId) ?? 0) + 1);
    try {
      const room = await this.#rooms.open(sessionId);
      const attended = this.#watch(sessionId, room);
      if (!peer.connected || this.#closed) throw new AppError('not_joined', 'The page has gone.');
      if (attended.holder && attended.arrival > arrival) {
        peer.push('session:taken-over', {});
        throw new AppError('not_joined', 'Another page has taken over.');
      }
      if (peer.place && peer.place.sessionId !== sessionId) this.leave(peer);
      this.#release(attended, peer);
      this.#hold(sessionId, attended, { peer, arrival });
      return room;
    } finally {
      const others = (this.#joining.get(sessionId) ?? 1) - 1;
      if (others > 0) this.#joining.set(sessionId, others);
      else this.#joining.delete(sessionId);
      this.#closeLater(sessionId);
    }
  }

  /** The page is gone, or goes elsewhere; the media waits a while for its return. */
  leave(peer: Peer): void {
    const sessionId = peer.place?.sessionId;
    const attended = sessionId === undefined ? undefined : this.#attended.get(sessionId);
    if (sessionId === undefined || attended?.holder !== peer) return;
    attended.unsubscribe();
    attended.unsubscribe = nothing;
    attended.holder = null;
    this.#closeLater(sessionId);
  }

  /** Closes every room attended. */
  close(): void {
    this.#closed = true;
    for (const sessionId of [...this.#attended.keys()]) this.#end(sessionId);
  }

  /** Follows the session's room, which may be another than the one before. */
  #watch(sessionId: string, room: Room): Attended {
    const known = this.#attended.get(sessionId);
    if (known?.room === room) return known;
    known?.stopWatching();
    const stopWatching = room.onLost((reason) => {
      this.#attended.get(sessionId)?.holder?.push('media:lost', { reason });
      this.#sessions.mediaLost(sessionId, reason);
    });
    const attended = known
      ? Object.assign(known, { room, stopWatching })
      : { room, stopWatching, holder: null, unsubscribe: nothing, grace: null, arrival: 0 };
    this.#attended.set(sessionId, attended);
    return attended;
  }

  #release(attended: Attended, successor: Peer): void {
    const { holder } = attended;
    attended.unsubscribe();
    attended.unsubscribe = nothing;
    if (!holder || holder === successor) return;
    holder.place = null;
    holder.push('session:taken-over', {});
  }

  #hold(sessionId: string, attended: Attended, { peer, arrival }: { peer: Peer; arrival: number }): void {
    attended.grace?.cancel();
    attended.grace = null;
    attended.holder = peer;
    attended.arrival = arrival;
    attended.unsubscribe = this.#sessions.subscribe(sessionId, {
      state: (session) => tellState(peer, session, this.#clock.now()),
      progress: (publishing) => tellProgress(peer, publishing, this.#clock.now()),
    });
    peer.place = { sessionId, room: attended.room };
  }

  #closeLater(sessionId: string): void {
    const attended = this.#attended.get(sessionId);
    if (!attended || attended.holder) return;
    if (this.#closed) return this.#end(sessionId);
    attended.grace?.cancel();
    attended.grace = this.#clock.at(this.#clock.now() + REJOIN_GRACE_MS, () => {
      attended.grace = null;
      // A join under way decides at its end.
      if (!this.#joining.has(sessionId)) this.#end(sessionId);
    });
  }

  #end(sessionId: string): void {
    const attended = this.#attended.get(sessionId);
    if (!attended) return;
    this.#attended.delete(sessionId);
    attended.grace?.cancel();
    attended.unsubscribe();
    attended.stopWatching();
    if (attended.holder) attended.holder.place = null;
    this.#rooms.close(sessionId);
  }
}
