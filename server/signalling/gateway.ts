import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { Server, type DefaultEventsMap } from 'socket.io';
import type { ClientToServer, ServerToClient } from '#protocol/events.ts';
import { AppError } from '#protocol/errors.ts';
import type { Clock } from '#server/clock.ts';
import type { Logger } from '#server/log.ts';
import { Allowances } from './allowance.ts';
import { Attendance } from './attendance.ts';
import { createAuthHandlers, identify } from './auth.ts';
import { createCommandHandlers } from './commands.ts';
import { createDispatch } from './dispatch.ts';
import { createEntryHandlers } from './entry.ts';
import { mediaHandlers } from './media.ts';
import { Peer } from './peer.ts';
import type { Authenticate, IceServers, Identity, Rooms, SessionService } from './ports.ts';
import { toErrorBody } from './refusal.ts';

/** The largest message; the longest honest one is a track's RTP parameters, of a few kB. */
export const MAX_MESSAGE_BYTES = 256 * 1024;

export interface GatewayOptions {
  httpServer: HttpServer;
  /** The one origin whose pages may connect. */
  publicUrl: string;
  authenticate: Authenticate;
  sessions: SessionService;
  rooms: Rooms;
  iceServers: IceServers;
  clock: Clock;
  log: Logger;
}

export interface Gateway {
  /** From now on nobody can join; every page is told that the server is about to stop. */
  stopping(): void;
  /**
   * Disconnects every page, closes their rooms and waits until the requests under way are done. The HTTP server stays
   * open: it belongs to the caller.
   */
  close(): Promise<void>;
  /** How many pages are connected. */
  connections(): number;
}

/** The socket.io server that candidates' pages talk to; `protocol/events.ts` is what it speaks. */
export function createGateway(options: GatewayOptions): Gateway {
  const { httpServer, publicUrl, authenticate, sessions, rooms, iceServers, clock, log } = options;
  const { origin } = new URL(publicUrl);
  const peers = new Set<Peer>();
  /** Peers whose last requests are still being carried out, the connected ones included. */
  const busy = new Set<Peer>();
  let phase: 'open' | 'stopping' | 'closed' = 'open';

  const allowances = new Allowances(clock);
  const attendance = new Attendance({ sessions, rooms, clock });
  const isStopping = () => phase !== 'open';
  const dispatch = createDispatch({
    handlers: {
      ...createAuthHandlers({ authenticate, sessions, clock }),
      ...createEntryHandlers({ sessions, attendance, iceServers, clock, isStopping }),
      ...mediaHandlers,
      ...createCommandHandlers(sessions),
    },
    clock,
    log,
  });

  const io = new Server<ClientToServer, ServerToClient, DefaultEventsMap, { identity: Identity }>(httpServer, {
    serveClient: false,
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    allowRequest: (request, decide) => {
      const refusal = phase === 'closed' ? 'closed' : isForeign(request, origin) ? 'foreign origin' : null;
      decide(refusal, refusal === null);
    },
  });

  /** @throws AppError of {@link identify}, and `rate_limited` for somebody who comes too often */
  async function admit(token: unknown): Promise<Identity> {
    const identity = await identify(token, { authenticate, clock });
    if (allowances.of(identity.accountId).spend() === 'granted') return identity;
    throw new AppError('rate_limited', 'Too many requests at once. Please wait a moment.');
  }

  io.use((socket, next) => {
    admit(socket.handshake.auth['token']).then(
      (identity) => {
        socket.data.identity = identity;
        next();
      },
      (error: unknown) => {
        const body = toErrorBody(error, { log, where: { event: 'handshake' } });
        log.info({ event: 'handshake', errorCode: body.code }, 'event');
        next(Object.assign(new Error(body.message), { data: body }));
      },
    );
  });

  io.on('connection', (socket) => {
    // The pair of name and body is typed by `Push`; socket.io's own types cannot follow a generic one.
    const emit = socket.emit.bind(socket) as (name: string, body: object) => boolean;
    const { identity } = socket.data;
    const allowance = allowances.of(identity.accountId);
    const peer = new Peer({
      ...{ identity, allowance },
      push: (name, body) => void emit(name, body),
      disconnect: () => void socket.disconnect(true),
    });
    allowance.enter(peer);
    peers.add(peer);
    busy.add(peer);
    socket.onAny((event: unknown, ...args: unknown[]) => dispatch(peer, event, args));
    socket.on('disconnect', () => {
      peer.disconnected();
      peers.delete(peer);
      allowance.leave(peer);
      attendance.leave(peer);
      void peer.queue.idle().then(() => busy.delete(peer));
    });
    if (phase === 'stopping') peer.push('server:stopping', {});
    if (phase === 'closed') socket.disconnect(true);
  });

  return {
    stopping() {
      if (phase !== 'open') return;
      phase = 'stopping';
      for (const peer of peers) peer.push('server:stopping', {});
    },
    async close() {
      phase = 'closed';
      io.disconnectSockets(true);
      // Not `io.close()`, which would close the HTTP server too.
      io.engine.close();
      attendance.close();
      await Promise.all([...busy].map((peer) => peer.queue.idle()));
    },
    connections: () => peers.size,
  };
}

/**
 * Whether another site's page asks. A browser names the page's origin with every WebSocket and POST; programs, and a
 * GET from our own pages, name none, and have to bring a token like everybody.
 */
function isForeign(request: IncomingMessage, origin: string): boolean {
  const asking = request.headers.origin;
  return asking !== undefined && asking !== origin;
}
