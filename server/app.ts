import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Config } from '#config/load.ts';
import { createPublishQueue } from '#recorder/publish-queue.ts';
import { createRecorder } from '#recorder/recorder.ts';
import { createReplays } from '#recorder/replay.ts';
import { createPeople } from '#server/accounts/people.ts';
import type { Clock } from '#server/clock.ts';
import { createClosing, type Closing } from '#server/closing.ts';
import { closeHttp } from '#server/http/close.ts';
import { createInterviewHandlers } from '#server/http/handlers/interviews.ts';
import { createPeopleHandlers } from '#server/http/handlers/people.ts';
import { createSessionHandlers } from '#server/http/handlers/sessions.ts';
import { createHttp } from '#server/http/http.ts';
import { iceServers } from '#server/ice-servers.ts';
import { createEmbeddedIssuer } from '#server/identity/embedded-issuer.ts';
import { createTokenVerifier } from '#server/identity/token-verifier.ts';
import { createCaptures, type Captures } from '#server/interviews/captures.ts';
import { createInterviewEditor } from '#server/interviews/editor.ts';
import { createGate } from '#server/interviews/gate-service.ts';
import { createSessionService } from '#server/interviews/service.ts';
import type { Session } from '#server/interviews/session.ts';
import { createSessionDesk } from '#server/interviews/session-desk.ts';
import { createEraser } from '#server/jobs/eraser.ts';
import { createHeartbeat } from '#server/jobs/heartbeat.ts';
import { createPublisher } from '#server/jobs/publisher.ts';
import { createSessionParts } from '#server/jobs/session-parts.ts';
import { createSweeper } from '#server/jobs/sweeper.ts';
import type { Logger } from '#server/log.ts';
import { createMailbox } from '#server/mail/mailbox.ts';
import { createMailer } from '#server/mail/mailer.ts';
import { createMediaUrls } from '#server/media-urls.ts';
import { openStorage } from '#server/open-storage.ts';
import { createRooms } from '#server/sfu/rooms.ts';
import { createWorkers } from '#server/sfu/workers.ts';
import { createGateway } from '#server/signalling/gateway.ts';
import { createAccounts } from '#server/store/accounts.ts';
import { ensureIndexes, openStore } from '#server/store/connect.ts';
import { createHeartbeats } from '#server/store/heartbeats.ts';
import { createInterviews } from '#server/store/interviews.ts';
import { createOrganisations } from '#server/store/organisations.ts';
import { createSessions } from '#server/store/sessions.ts';

export interface AppOptions {
  config: Config;
  /** The installation's secret; every other key is derived from it. */
  secret: string;
  mongodbUrl: string;
  /** The built web application; null serves the API alone. */
  webRoot: string | null;
  clock: Clock;
  log: Logger;
}

/** How long a running take may go on after the server was asked to stop; above the longest answer limit. */
const DRAIN_TIMEOUT_MS = 70_000;
const TRANSCODES_AT_ONCE = 1;

export type App = Awaited<ReturnType<typeof createApp>>;

/**
 * Makes every part of the server and joins them; closing goes the other way round. See `docs/lifecycle.md`.
 * @throws Error when a part cannot be opened; those that were are closed again
 */
export async function createApp(options: AppOptions) {
  const closing = createClosing({ log: options.log });
  try {
    return await openApp(options, closing);
  } catch (error) {
    // What was wrong with closing is in the log; why there is no server matters more.
    await closing.close().catch(() => undefined);
    throw error;
  }
}

async function openApp(options: AppOptions, closing: Closing) {
  const { config, secret, clock, log } = options;
  const { publicUrl, productName } = config;
  const store = await openStore({ url: options.mongodbUrl, log });
  closing.add('store', () => store.close());
  const { connection } = store;
  const accounts = createAccounts(connection);
  const organisations = createOrganisations(connection);
  const interviews = createInterviews(connection);
  const sessions = createSessions<Session>(connection);
  const heartbeats = createHeartbeats(connection);
  const heartbeat = createHeartbeat({ heartbeats, clock, log });

  // Where the origin is not this machine's own, another issuer sends the mails and the mailbox stays empty and closed.
  const mailbox = config.mail.smtpUrl === null ? createMailbox({ publicUrl, productName, clock }) : null;
  const readable = config.isLocal ? mailbox : null;
  const mailer = createMailer({ ...config.mail, mailbox, log });
  closing.add('mailer', () => mailer.close());
  const { identity } = config;
  const issuer =
    identity.kind === 'embedded'
      ? await createEmbeddedIssuer({
          ...{ publicUrl, secret, connection, mailer, clock, log, productName },
          ...{ clientId: identity.clientId, audience: identity.audience },
          trustProxy: config.http.trustProxy,
          devMailbox: readable !== null,
        })
      : null;
  closing.add('issuer', () => issuer?.close());
  await ensureIndexes(connection);
  const verifier = createTokenVerifier({
    issuer: identity.kind === 'embedded' ? (issuer?.issuer ?? '') : identity.issuer,
    audience: identity.audience,
    emailClaim: identity.kind === 'issuer' ? identity.emailClaim : null,
    clock,
    ...(issuer && { keyResolver: issuer.keyResolver }),
  });
  const people = createPeople({ accounts, organisations, clock });

  const storage = openStorage(config);
  closing.add('storage', () => storage.close());
  await storage.check();
  const workers = await createWorkers({
    count: config.rtc.workers,
    workerBin: config.rtc.workerPath ?? undefined,
    rtcListenIp: config.rtc.listenIp,
    announcedAddress: config.rtc.announcedAddress,
    rtcPortMin: config.rtc.portMin,
    plainPortRange: { min: config.rtc.workerPortMin, max: config.rtc.workerPortMax },
    log,
  });
  closing.add('workers', () => workers.close());
  const rooms = createRooms({ workers, log });
  closing.add('rooms', () => rooms.closeAll());
  // Closed before the rooms: recorders end well only while their media still flows.
  const recorder = createRecorder({
    directory: config.recorder.directory,
    ffmpegPath: config.recorder.ffmpegPath,
    ffprobePath: config.recorder.ffprobePath,
    ports: { min: config.recorder.portMin, max: config.recorder.portMax },
    minFreeBytes: config.recorder.minFreeBytes,
    log,
  });
  closing.add('recorder', () => recorder.close());

  const urls = createMediaUrls({ secret, ttlMs: config.video.urlTtlMs, clock });
  const { ffmpegPath, ffprobePath } = config.recorder;
  const queue = createPublishQueue({ concurrency: TRANSCODES_AT_ONCE, ffmpegPath, ffprobePath });
  // Of its own, so that no candidate waits for "safe to close" behind copies that others ask for.
  const replayQueue = createPublishQueue({ concurrency: TRANSCODES_AT_ONCE, ffmpegPath, ffprobePath });
  closing.add('queue', () => queue.close());
  closing.add('replay queue', () => replayQueue.close());
  const service = createSessionService({
    ...{ sessions, interviews, urls, clock, log },
    captures: (): Captures => captures,
    publisher: () => publisher,
    eraseSession: (session) => eraseSession(session),
  });
  const { report } = service;
  const captures: Captures = createCaptures({
    ...{ recorder, clock, log, report },
    recordingSource: (sessionId) => rooms.recordingSource(sessionId),
  });
  const publisher = createPublisher({
    ...{ queue, storage, recorder, clock, log, report },
    directory: join(config.recorder.directory, '.publishing'),
    load: (sessionId) => sessions.get(sessionId),
    onProgress: (session) => service.progress(session),
  });

  closing.add('publisher', () => publisher.close());
  const eraseSession = createEraser({ storage, recorder, cancel: (sessionId) => publisher.cancel(sessionId) });
  const parts = createSessionParts({ sessions, service, eraseSession });
  const editor = createInterviewEditor({ interviews, ...parts, publicUrl, clock });
  const sweeper = createSweeper({
    ...{ sessions, recorder, report, clock, log },
    finishRemovals: () => editor.finishRemovals(),
  });
  const gate = createGate({ interviews, organisations, ...parts, clock });
  const desk = createSessionDesk({ interviews, urls, ...parts });
  const auth =
    identity.kind === 'embedded'
      ? { domain: `${publicUrl}/oidc`, clientId: identity.clientId, audience: identity.audience, embedded: true }
      : {
          domain: identity.issuer.replace(/\/$/, ''),
          clientId: identity.clientId,
          audience: identity.audience,
          embedded: false,
        };
  const http = await createHttp({
    publicUrl,
    issuerOrigin: new URL(auth.domain).origin,
    trustProxy: config.http.trustProxy,
    webRoot: options.webRoot,
    people,
    verify: (token) => verifier.verify(token),
    handlers: {
      ...createPeopleHandlers({
        people,
        publicConfig: { productName, publicUrl, devMailbox: readable !== null, auth },
      }),
      ...createInterviewHandlers({ editor }),
      ...createSessionHandlers({ gate, desk }),
    },
    media: {
      urls,
      storage,
      replays: createReplays({ directory: config.recorder.directory, recorder, queue: replayQueue }),
    },
    checks: { database: () => store.ping(), storage: () => storage.check() },
    mounts: [
      ...(issuer ? [(request: IncomingMessage, response: ServerResponse) => issuer.handle(request, response)] : []),
      ...(readable ? [(request: IncomingMessage, response: ServerResponse) => readable.handle(request, response)] : []),
    ],
    log,
  });
  closing.add('http', () => closeHttp(http, { log }));
  const gateway = createGateway({
    httpServer: http.server,
    publicUrl,
    async authenticate(token) {
      const found = await verifier.verify(token);
      return { accountId: (await people.person(found)).id, expiresAt: found.expiresAt };
    },
    sessions: service,
    rooms,
    iceServers: () => iceServers(config, clock),
    clock,
    log,
  });

  closing.add('gateway', () => gateway.close());

  await publisher.tidy();
  closing.add('sessions', () => service.close());
  await service.resume((await heartbeats.last()) ?? clock.now());
  closing.add('sweeper', () => sweeper.close());
  heartbeat.start();
  sweeper.start();

  let stopped: Promise<void> | null = null;
  async function stop(): Promise<void> {
    service.stopTakes();
    gateway.stopping();
    // From here on no take can be begun, so that it counts as the server's absence.
    await heartbeat.stop();
    await drain(captures, clock);
    await closing.close();
  }

  return {
    http,
    /** Where the development mailbox is read, when there is one: for the eyes of who started the server. */
    mailboxUrl: readable && publicUrl + readable.path,
    /** What the seed of a first start needs. */
    seeding: { accounts, organisations, editor, interviews, connection, issuer: issuer?.issuer ?? null },
    async listen(): Promise<void> {
      await http.listen({ host: config.http.host, port: config.http.port });
    },
    /** Lets running takes end, then closes everything. Calling it again waits for the same end. */
    close: (): Promise<void> => (stopped ??= stop()),
  };
}

/** Waits until the running takes have ended, at their limit or when the candidate stops them. */
async function drain(captures: Captures, clock: Clock): Promise<void> {
  const timeout = Promise.withResolvers<void>();
  const timer = clock.at(clock.now() + DRAIN_TIMEOUT_MS, timeout.resolve);
  await Promise.race([captures.idle(), timeout.promise]);
  timer.cancel();
}
