import type { DtlsParameters, IceCandidate, IceParameters, RtpCapabilities } from './media.ts';
import * as z from 'zod';
import type { ErrorBody } from './errors.ts';
import { empty, id, shortId } from './common.ts';
import { dtlsParameters, mediaKind, rtpParameters } from './media.ts';
import type { PublishView, SessionView } from './session.ts';

/** What every acknowledgement carries. */
export type Ack<T> = { ok: true; data: T } | { ok: false; error: ErrorBody };

/** An ICE server as `RTCPeerConnection` takes it. */
export interface IceServer {
  urls: string[];
  username?: string;
  credential?: string;
}

/**
 * The requests a candidate's page makes over socket.io, each answered by an {@link Ack}.
 * The connection is authenticated by `auth: { token }`; when the token has expired, requests answer `token_expired`
 * until `auth:renew` brings a new one, while a running take goes on.
 */
export const requests = {
  'auth:renew': z.strictObject({ token: z.string().max(8192) }),
  'clock:sync': empty,
  /** Enter a session: only its own candidate may. A newer connection takes over from an older one. */
  'session:join': z.strictObject({ sessionId: id }),
  'transport:create': empty,
  'transport:connect': z.strictObject({ dtlsParameters }),
  'transport:restart-ice': empty,
  'producer:create': z.strictObject({ kind: mediaKind, rtpParameters }),
  'producer:close': z.strictObject({ producerId: z.string().max(64) }),
  /** Camera and microphone have been seen and heard: `consented -> checked`. */
  'check:pass': empty,
  'rehearsal:arm': empty,
  /** Ends the running rehearsal. */
  'rehearsal:stop': z.strictObject({ takeId: shortId }),
  /** Deletes the rehearsal's takes; also done by `interview:start`. */
  'rehearsal:delete': empty,
  'interview:start': empty,
  /** Shows a question: the next one for the first time, or an earlier one again. */
  'question:open': z.strictObject({ questionId: shortId }),
  /** Ends thinking time early. */
  'question:ready': z.strictObject({ questionId: shortId }),
  'question:skip': z.strictObject({ questionId: shortId }),
  /** The tap on "Start recording": the countdown runs while the recorder arms. */
  'take:arm': z.strictObject({ questionId: shortId }),
  'take:stop': z.strictObject({ takeId: shortId }),
  'take:pick': z.strictObject({ questionId: shortId, takeId: shortId }),
  'session:submit': empty,
} as const;

export type RequestName = keyof typeof requests;
export type RequestBody<N extends RequestName> = z.infer<(typeof requests)[N]>;

/** What each request answers with, when it succeeds. */
export interface Replies {
  'auth:renew': Record<string, never>;
  'clock:sync': { now: number };
  'session:join': { session: SessionView; rtpCapabilities: RtpCapabilities; iceServers: IceServer[] };
  'transport:create': {
    id: string;
    iceParameters: IceParameters;
    iceCandidates: IceCandidate[];
    dtlsParameters: DtlsParameters;
  };
  'transport:connect': Record<string, never>;
  'transport:restart-ice': { iceParameters: IceParameters };
  'producer:create': { id: string };
  'producer:close': Record<string, never>;
  'check:pass': { session: SessionView };
  'rehearsal:arm': { session: SessionView };
  'rehearsal:stop': { session: SessionView };
  'rehearsal:delete': { session: SessionView };
  'interview:start': { session: SessionView };
  'question:open': { session: SessionView };
  'question:ready': { session: SessionView };
  'question:skip': { session: SessionView };
  'take:arm': { session: SessionView };
  'take:stop': { session: SessionView };
  'take:pick': { session: SessionView };
  'session:submit': { session: SessionView };
}

/** What the server tells without being asked. */
export interface Pushes {
  /** The session changed. Ignore one whose `version` is below the last seen. */
  'session:state': { session: SessionView };
  /** Finer steps of the saving than `session:state` brings. */
  'publish:progress': { publishing: PublishView[] };
  /** Another page of the same candidate has taken over; this one stops sending. */
  'session:taken-over': Record<string, never>;
  /** The media connection is gone on the server's side: make a new transport. */
  'media:lost': { reason: string };
  /** The server is about to stop; the client reconnects by itself. */
  'server:stopping': Record<string, never>;
}

/** The map that types a socket.io client's `emit`. */
export type ClientToServer = {
  [N in RequestName]: (body: RequestBody<N>, ack: (reply: Ack<Replies[N]>) => void) => void;
};
/** The map that types a socket.io client's `on`. */
export type ServerToClient = { [N in keyof Pushes]: (body: Pushes[N]) => void };
