import type { IceServer, Replies } from '#protocol/events.ts';
import type { DtlsParameters, IceParameters, MediaKind, RtpCapabilities, RtpParameters } from '#protocol/media.ts';
import type { PublishView, SessionView } from '#protocol/session.ts';
import type { Command } from '#server/interviews/command.ts';

/** Who is connected, and until when their token says so. */
export interface Identity {
  accountId: string;
  /** Milliseconds since 1970 UTC. */
  expiresAt: number;
}

/**
 * Finds out whose token it is.
 * @throws AppError `unauthenticated`, `token_expired`, or what else keeps the account out
 */
export type Authenticate = (token: string) => Promise<Identity>;

/** The ICE servers for a page that joins now; credentials may be short-lived. */
export type IceServers = () => IceServer[];

/** The rules, as far as signalling needs them. */
export interface SessionService {
  /** The session as its own candidate sees it; AppError `not_found` for anybody else. */
  view(sessionId: string, accountId: string): Promise<SessionView>;
  /** Tells of every change until the returned function is called. */
  subscribe(
    sessionId: string,
    listener: { state: (view: SessionView) => void; progress: (publishing: PublishView[]) => void },
  ): () => void;
  /** Carries out a command; AppError of the wrong-order kind changes nothing. */
  handle(sessionId: string, command: Command): Promise<SessionView>;
  /** The candidate's media is gone: a running take ends as interrupted. */
  mediaLost(sessionId: string, reason: string): void;
}

/** The live media of one session. */
export interface Room {
  readonly rtpCapabilities: RtpCapabilities;
  createTransport(): Promise<Replies['transport:create']>;
  connectTransport(dtlsParameters: DtlsParameters): Promise<void>;
  restartIce(): Promise<IceParameters>;
  /** @returns the producer's id */
  produce(track: { kind: MediaKind; rtpParameters: RtpParameters }): Promise<string>;
  closeProducer(producerId: string): Promise<void>;
  /** Calls `run` for each connection that is lost; the returned function stops that. */
  onLost(run: (reason: string) => void): () => void;
}

export interface Rooms {
  /** The session's room, made when there is none. */
  open(sessionId: string): Promise<Room>;
  /** Closes the session's room with all its media. Harmless when there is none. */
  close(sessionId: string): void;
}
