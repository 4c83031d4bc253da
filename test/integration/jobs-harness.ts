import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { loadConfig } from '#config/load.ts';
import { CONSENT_VERSION } from '#protocol/consent.ts';
import { AppError } from '#protocol/errors.ts';
import type { SessionView } from '#protocol/session.ts';
import { createPublishQueue } from '#recorder/publish-queue.ts';
import { createRecorder, type Recorder } from '#recorder/recorder.ts';
import { createFolderStorage } from '#recorder/storage/folder.ts';
import type { Storage } from '#recorder/storage/storage.ts';
import { ManualClock, type Timer } from '#server/clock.ts';
import { createCaptures, type Captures } from '#server/interviews/captures.ts';
import { createInterviewEditor } from '#server/interviews/editor.ts';
import { createGate } from '#server/interviews/gate-service.ts';
import type { SessionEvent } from '#server/interviews/events.ts';
import { createSessionService } from '#server/interviews/service.ts';
import type { Session } from '#server/interviews/session.ts';
import { createEraser } from '#server/jobs/eraser.ts';
import { createHeartbeat } from '#server/jobs/heartbeat.ts';
import { createPublisher } from '#server/jobs/publisher.ts';
import { createSessionParts } from '#server/jobs/session-parts.ts';
import { createSweeper } from '#server/jobs/sweeper.ts';
import { createMediaUrls } from '#server/media-urls.ts';
import { ensureIndexes } from '#server/store/connect.ts';
import { createHeartbeats } from '#server/store/heartbeats.ts';
import { createSessions } from '#server/store/sessions.ts';
import { startStore } from './http-store.ts';

const PUBLIC_URL = 'http://interviews.test';
const ORGANISATION_ID = 'c'.repeat(24);

/** A clock that stands still, and tells when somebody has begun to wait for it. */
export class WatchedClock extends ManualClock {
  readonly #waiting: (() => void)[] = [];

  override at(at: number, run: () => void): Timer {
    const timer = super.at(at, run);
    for (const resolve of this.#waiting.splice(0)) resolve();
    return timer;
  }

  /** Resolves when a timer is armed, at once when one is. */
  async armed(): Promise<void> {
    if (this.pending === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** A line of the log. */
export interface LogLine {
  level: number;
  msg: string;
}
export const ERROR_LEVEL = 50;

/** A real database and a data folder that outlive the servers of a test. */
export async function startJobs() {
  const store = await startStore();
  const { connection } = store.store;
  const sessions = createSessions<Session>(connection);
  const heartbeats = createHeartbeats(connection);
  await ensureIndexes(connection);
  const { ffmpegPath, ffprobePath } = loadConfig().recorder;
  const takesDir = join(store.folder, 'takes');
  const recorder = createRecorder({
    ...{ directory: takesDir, ffmpegPath, ffprobePath, minFreeBytes: 0 },
    ports: { min: 31_000, max: 31_099 },
  });
  const storage = createFolderStorage({ directory: join(store.folder, 'videos') });

  /**
   * The sessions and jobs of one server process; the recorder's live part is left out.
   * @param options.salvage whether takes that another process has left are looked at when they are stopped
   */
  function server(options: {
    clock: ManualClock;
    recorder?: Partial<Recorder>;
    storage?: Partial<Storage>;
    salvage?: boolean;
  }) {
    const { clock } = options;
    const lines: LogLine[] = [];
    const log = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line) as LogLine) });
    const parts = { recorder: { ...recorder, ...options.recorder }, storage: { ...storage, ...options.storage } };
    const { interviews, organisations } = store;
    const salvaging = createCaptures({
      ...{ recorder: parts.recorder, clock, log },
      recordingSource: () => Promise.reject(new AppError('media_missing', 'Nobody is there.')),
      report: (sessionId, event) => service.report(sessionId, event),
    });
    const captures: Captures = {
      arm: () => undefined,
      stop: (sessionId, takeId) => (options.salvage ? salvaging.stop(sessionId, takeId) : Promise.resolve()),
      abort: () => Promise.resolve(),
      remove: (sessionId, takeId) => parts.recorder.remove(sessionId, takeId),
      idle: () => Promise.resolve(),
    };
    const urls = createMediaUrls({ secret: 's'.repeat(32), ttlMs: 60_000, clock });
    const service = createSessionService({
      ...{ sessions, interviews, urls, clock, log },
      captures: () => captures,
      publisher: () => publisher,
      eraseSession: (session) => eraseSession(session),
    });
    const { report } = service;
    const queue = createPublishQueue({ concurrency: 1, ffmpegPath, ffprobePath });
    const publisher = createPublisher({
      ...{ ...parts, queue, clock, log, report, directory: join(takesDir, '.publishing') },
      load: (sessionId) => sessions.get(sessionId),
      onProgress: (session) => service.progress(session),
    });
    const eraseSession = createEraser({ ...parts, cancel: (sessionId) => publisher.cancel(sessionId) });
    const sessionParts = createSessionParts({ sessions, service, eraseSession });
    const editor = createInterviewEditor({ interviews, ...sessionParts, publicUrl: PUBLIC_URL, clock });
    const sweeper = createSweeper({
      ...{ sessions, recorder: parts.recorder, report, clock, log },
      finishRemovals: () => editor.finishRemovals(),
    });
    return {
      ...{ service, report, publisher, sweeper, editor, parts: sessionParts, lines },
      gate: createGate({ interviews, organisations, ...sessionParts, clock }),
      heartbeat: createHeartbeat({ heartbeats, clock, log }),
      errors: () => lines.filter(({ level }) => level >= ERROR_LEVEL).map(({ msg }) => msg),
      async close() {
        await sweeper.close();
        service.close();
        await publisher.close();
        await queue.close();
      },
    };
  }

  return { ...store, sessions, heartbeats, recorder, storage, takesDir, server };
}

export type Jobs = Awaited<ReturnType<typeof startJobs>>;
export type JobsServer = ReturnType<Jobs['server']>;

/** A published interview of `questions` questions without thinking time. */
export async function makeInterview(jobs: Jobs, options: { questions?: number; closesAt?: number | null } = {}) {
  const { questions = 2, closesAt = null } = options;
  const question = { text: 'Why?', answerLimitMs: 20_000, thinkingTimeMs: 0, takesAllowed: 3 };
  const made = await jobs.interviews.create(
    ORGANISATION_ID,
    {
      ...{ title: 'Baker', introduction: '', contact: null, totalTimeMs: 300_000, autoStart: false },
      ...{ opensAt: null, closesAt, timeZone: 'UTC', access: { kind: 'link' }, attemptsAllowed: 1 },
      questions: Array.from({ length: questions }, (_, index) => ({ ...question, id: `question${index + 1}` })),
    },
    0,
  );
  const key = { id: made.id, organisationId: ORGANISATION_ID };
  const slug = randomBytes(16).toString('base64url');
  const published = await jobs.interviews.publish(key, { version: made.version, slug, now: 0 });
  if (!published) throw new Error('not published');
  return { key, slug, interview: published };
}

/** Somebody whom nobody else is. */
export const somebody = () => ({
  ...{ id: randomBytes(12).toString('hex'), issuer: 'i', subject: 's', email: 'kim@example.org' },
  ...{ name: 'Kim', phone: null },
});

/** Leads somebody new to a session that has passed the device check, through the gate. */
export async function enter(server: JobsServer, slug: string, person = somebody()): Promise<string> {
  const { sessionId } = await server.gate.consent(slug, person, { version: CONSENT_VERSION, language: 'en' });
  await server.service.handle(sessionId, { type: 'check_pass' });
  return sessionId;
}

/** Begins to listen for a view; `await` it after what brings it about. */
export function seen(
  server: JobsServer,
  sessionId: string,
  matches: (view: SessionView) => boolean,
): Promise<SessionView> {
  return new Promise((resolve) => {
    const stop = server.service.subscribe(sessionId, {
      progress: () => undefined,
      state(view) {
        if (!matches(view)) return;
        stop();
        resolve(view);
      },
    });
  });
}

/** The session as it stands in the database. */
export async function read(jobs: Jobs, sessionId: string): Promise<Session> {
  const found = await jobs.sessions.get(sessionId);
  if (!found) throw new Error('no such session');
  return found;
}

/** Puts a capture where the recorder would have left it; anything will do where nobody plays it. */
export async function putCapture(jobs: Jobs, sessionId: string, takeId: string, content = 'a video'): Promise<string> {
  const folder = join(jobs.takesDir, sessionId);
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${takeId}.mp4`);
  await writeFile(file, content);
  return file;
}

/** What the recorder reports of one take of a question, or of a rehearsal when none is named. */
export function takeEvents(takeId: string, questionId?: string): SessionEvent[] {
  return [
    questionId === undefined ? { type: 'rehearsal_arm', takeId } : { type: 'arm', questionId, takeId },
    { type: 'go', takeId },
    { type: 'stop', takeId },
    { type: 'captured', takeId, durationMs: 1_000 },
  ];
}
