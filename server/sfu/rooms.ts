import { AppError } from '#protocol/errors.ts';
import type { RtpSource } from '#recorder/source.ts';
import { Room, type RoomOptions } from './room.ts';

export type RoomsOptions = Omit<RoomOptions, 'sessionId'>;

/** The rooms of this server, one a session. */
export interface Rooms {
  /**
   * The session's room, made when there is none.
   * @throws AppError `unavailable` when no worker is running, `not_joined` when the room is closed meanwhile
   */
  open(sessionId: string): Promise<Room>;
  /** The session's room, if it is open. */
  get(sessionId: string): Room | undefined;
  /** Closes the session's room with all its media. Harmless when there is none. */
  close(sessionId: string): void;
  readonly count: number;
  /** Closes every room; those that are being made are closed as soon as they are. */
  closeAll(): void;
  /**
   * Lends the session's live media to the recorder.
   * @throws AppError `media_missing` when there is no live video, `busy` when no port is free
   */
  recordingSource(sessionId: string): Promise<RtpSource>;
}

/** Makes an empty set of rooms on running workers. */
export function createRooms(options: RoomsOptions): Rooms {
  const rooms = new Map<string, Room>();
  const opening = new Map<string, Promise<Room>>();

  async function openNew(sessionId: string): Promise<Room> {
    // `close` takes the entry away: the room is not wanted any more then.
    const isWanted = () => opening.get(sessionId) === made;
    const made = Room.open({ ...options, sessionId }).then(
      (room) => {
        if (!isWanted()) {
          room.close();
          throw new AppError('not_joined', 'The session was left.');
        }
        opening.delete(sessionId);
        rooms.set(sessionId, room);
        return room;
      },
      (error: unknown) => {
        if (isWanted()) opening.delete(sessionId);
        throw error;
      },
    );
    opening.set(sessionId, made);
    return made;
  }

  function close(sessionId: string): void {
    opening.delete(sessionId);
    rooms.get(sessionId)?.close();
    rooms.delete(sessionId);
  }

  return {
    async open(sessionId) {
      return rooms.get(sessionId) ?? opening.get(sessionId) ?? openNew(sessionId);
    },
    get: (sessionId) => rooms.get(sessionId),
    close,
    get count() {
      return rooms.size;
    },
    closeAll() {
      for (const sessionId of [...opening.keys(), ...rooms.keys()]) close(sessionId);
    },
    async recordingSource(sessionId) {
      const room = rooms.get(sessionId);
      if (!room) throw new AppError('media_missing', 'Camera and microphone are not connected.');
      return room.recordingSource();
    },
  };
}
