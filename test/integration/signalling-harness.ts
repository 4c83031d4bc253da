import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { io, type Socket } from 'socket.io-client';
import { AppError } from '#protocol/errors.ts';
import type { Ack, Pushes, RequestName } from '#protocol/events.ts';
import type { SessionView, TakeView } from '#protocol/session.ts';
import { ManualClock } from '#server/clock.ts';
import type { Command } from '#server/interviews/command.ts';
import { createGateway } from '#server/signalling/gateway.ts';
import type { Room, Rooms, SessionService } from '#server/signalling/ports.ts';

export const PUBLIC_URL = 'http://interviews.test';
export const TOKEN_LIFE_MS = 60_000;
/** Whose each session is. */
export const OWNERS = new Map([
  ['a'.repeat(24), 'ann'],
  ['b'.repeat(24), 'bob'],
]);
export const ANNS = 'a'.repeat(24);
export const BOBS = 'b'.repeat(24);

/** One good body for each request. */
export const BODIES: Record<RequestName, object> = {
  'auth:renew': { token: 'ann' },
  'clock:sync': {},
  'session:join': { sessionId: ANNS },
  'transport:create': {},
  'transport:connect': { dtlsParameters: { fingerprints: [{ algorithm: 'sha-256', value: 'AB:'.repeat(20) }] } },
  'transport:restart-ice': {},
  'producer:create': {
    kind: 'video',
    rtpParameters: { codecs: [{ mimeType: 'video/H264', payloadType: 96, clockRate: 90_000 }] },
  },
  'producer:close': { producerId: 'producer' },
  'check:pass': {},
  'rehearsal:arm': {},
  'rehearsal:stop': { takeId: 'take01' },
  'rehearsal:delete': {},
  'interview:start': {},
  'question:open': { questionId: 'question1' },
  'question:ready': { questionId: 'question1' },
  'question:skip': { questionId: 'question1' },
  'take:arm': { questionId: 'question1' },
  'take:stop': { takeId: 'take01' },
  'take:pick': { questionId: 'question1', takeId: 'take01' },
  'session:submit': {},
};
export const NAMES = Object.keys(BODIES) as RequestName[];

/** A rehearsal that can be replayed. */
const TAKE: TakeView = {
  ...{ id: 'demo01', number: 1, state: 'playable', free: false, url: '/media/signed' },
  ...{ countdownEndsAt: 1, goAt: 1, endsAt: 2, stopReason: 'limit', durationMs: 1 },
};

function viewOf(id: string, version: number, now: number): SessionView {
  return {
    ...{ id, version, now, state: 'running', startedAt: now, deadlineAt: now, currentQuestionId: null },
    interview: {
      ...{ title: 'Cook', introduction: '', organisation: 'Inn', contact: null },
      ...{ questionCount: 1, totalTimeMs: 60_000, autoStart: false },
    },
    ...{ questions: [], rehearsal: { text: '', limitMs: 20_000, takes: [TAKE] }, publishing: [], erasing: false },
    ...{ submittedAt: null, storedAt: null },
  };
}

/** Sessions in memory; what was asked of them can be read back, and `before` can hold a command up or fail it. */
export function createTestSessions(clock: ManualClock) {
  const commands: { sessionId: string; command: Command }[] = [];
  const lost: { sessionId: string; reason: string }[] = [];
  const listeners = new Set<{ sessionId: string; state: (view: SessionView) => void }>();
  let version = 1;
  const service: SessionService = {
    async view(sessionId, accountId) {
      if (OWNERS.get(sessionId) !== accountId) throw new AppError('not_found', 'This session does not exist.');
      return viewOf(sessionId, version, clock.now());
    },
    subscribe(sessionId, { state }) {
      const listener = { sessionId, state };
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async handle(sessionId, command) {
      commands.push({ sessionId, command });
      await sessions.before(command);
      version += 1;
      const view = viewOf(sessionId, version, clock.now());
      for (const listener of listeners) if (listener.sessionId === sessionId) listener.state(view);
      return view;
    },
    mediaLost: (sessionId, reason) => void lost.push({ sessionId, reason }),
  };
  const before: (command: Command) => Promise<void> = () => Promise.resolve();
  const sessions = { service, commands, lost, listeners, before };
  return sessions;
}

/** Rooms in memory. */
export function createTestRooms() {
  const open = new Map<string, Room & { lose(reason: string): void; listeners: Set<unknown> }>();
  const calls: string[] = [];
  const rooms: Rooms = {
    async open(sessionId) {
      const listeners = new Set<(reason: string) => void>();
      const room = open.get(sessionId) ?? {
        rtpCapabilities: { codecs: [] },
        async createTransport() {
          calls.push('createTransport');
          const iceParameters = { usernameFragment: 'user', password: 'pass' };
          const [fingerprint] = [{ algorithm: 'sha-256' as const, value: 'AB:'.repeat(20) }];
          return { id: 'transport', iceParameters, iceCandidates: [], dtlsParameters: { fingerprints: [fingerprint] } };
        },
        connectTransport: async () => void calls.push('connectTransport'),
        async restartIce() {
          calls.push('restartIce');
          return { usernameFragment: 'user', password: 'pass' };
        },
        async produce({ kind }: { kind: string }) {
          calls.push(`produce ${kind}`);
          return 'producer';
        },
        closeProducer: async (id: string) => void calls.push(`closeProducer ${id}`),
        onLost(run: (reason: string) => void) {
          listeners.add(run);
          return () => void listeners.delete(run);
        },
        lose: (reason: string) => listeners.forEach((run) => run(reason)),
        listeners,
      };
      open.set(sessionId, room);
      return room;
    },
    close: (sessionId) => void open.delete(sessionId),
  };
  return { service: rooms, open, calls };
}

/** A gateway on a port of its own, with everything around it in memory; `token` is the account's name. */
export async function startGateway() {
  const httpServer = createServer((_request, response) => void response.writeHead(404).end());
  const clock = new ManualClock();
  const sessions = createTestSessions(clock);
  const rooms = createTestRooms();
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null }, { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  const gateway = createGateway({
    ...{ httpServer, publicUrl: `${PUBLIC_URL}/`, sessions: sessions.service, rooms: rooms.service, clock, log },
    async authenticate(token) {
      if (token === 'broken') throw new Error('the database is on fire');
      if (token === 'old') return { accountId: 'ann', expiresAt: clock.now() };
      if (token !== 'ann' && token !== 'bob') throw new AppError('unauthenticated', 'Please sign in.');
      return { accountId: token, expiresAt: clock.now() + TOKEN_LIFE_MS };
    },
    iceServers: () => [{ urls: ['stun:127.0.0.1:3478'] }],
  });
  await once(httpServer.listen(0, '127.0.0.1'), 'listening');
  const { port } = httpServer.address() as AddressInfo;
  const pages: Socket[] = [];

  /** A page that is not connected yet. */
  function page(auth: object, options: { origin?: string; transports?: string[] } = {}): Socket {
    const { origin, transports = ['websocket'] } = options;
    const extraHeaders = origin === undefined ? {} : { origin };
    const socket = io(`http://127.0.0.1:${port}`, {
      ...{ auth, transports, extraHeaders, autoConnect: false, forceNew: true, reconnection: false },
    });
    pages.push(socket);
    return socket;
  }

  return {
    ...{ gateway, clock, sessions, rooms, lines, port, page, httpServer },
    /** A page of `account` that is connected, and has joined `sessionId` if one is named. */
    async connect(account: string, sessionId?: string): Promise<Socket> {
      const socket = page({ token: account });
      await connected(socket);
      if (sessionId !== undefined) await ask(socket, 'session:join', { sessionId });
      return socket;
    },
    async stop(): Promise<void> {
      for (const socket of pages) socket.disconnect();
      await gateway.close();
      httpServer.closeAllConnections();
      await new Promise((resolve) => httpServer.close(resolve));
    },
  };
}
export type TestGateway = Awaited<ReturnType<typeof startGateway>>;

/** Connects; rejects with the server's refusal. */
export function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
    socket.connect();
  });
}

/** Resolves when the connection ends, whoever ends it. */
export function disconnected(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.once('disconnect', () => resolve()));
}

/** Makes a request as no typed client would: any name, any body. */
export async function ask(socket: Socket, name: string, ...body: unknown[]): Promise<Ack<unknown>> {
  return (await socket.emitWithAck(name, ...body)) as Ack<unknown>;
}

/** The code of a refusal, or `ok`. */
export async function outcome(socket: Socket, name: string, ...body: unknown[]): Promise<string> {
  const reply = await ask(socket, name, ...body);
  return reply.ok ? 'ok' : reply.error.code;
}

/** The next push of that name. */
export function pushed<N extends keyof Pushes>(socket: Socket, name: N): Promise<Pushes[N]> {
  const event: string = name;
  return new Promise((resolve) => void socket.once(event, resolve));
}
