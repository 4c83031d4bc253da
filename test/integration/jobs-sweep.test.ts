import { access } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { AppError } from '#protocol/errors.ts';
import type { SessionView } from '#protocol/session.ts';
import { ManualClock } from '#server/clock.ts';
import { REHEARSAL_KEPT_MS } from '#server/interviews/sweep-rules.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { STORED } from '#test/fixtures/sessions.ts';
import { STORE_START_TIMEOUT_MS } from './http-store.ts';
import {
  enter,
  makeInterview,
  putCapture,
  read,
  somebody,
  startJobs,
  takeEvents,
  type Jobs,
  type JobsServer,
} from './jobs-harness.ts';

const keep = closeAfterAll();
let jobs: Jobs;
beforeAll(async () => {
  jobs = await keep(startJobs());
}, STORE_START_TIMEOUT_MS);

const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );
/** What a storage or a disk does that is away. */
const away = () => Promise.reject(new AppError('unavailable', 'It is away.'));

/** A session with a rehearsal that is on disk. */
async function rehearse(server: JobsServer, slug: string, person = somebody()) {
  const id = await enter(server, slug, person);
  for (const event of takeEvents('demo01')) await server.report(id, event);
  return { id, file: await putCapture(jobs, id, 'demo01') };
}

/** A session whose one answer is saved, as far as the rules and the storage know. */
async function saved(server: JobsServer) {
  const { slug, key } = await makeInterview(jobs, { questions: 1 });
  const id = await enter(server, slug);
  await server.service.handle(id, { type: 'start' });
  for (const event of takeEvents('take01', 'question1')) await server.report(id, event);
  const videoKey = `${key.organisationId}/${key.id}/${id}/question1.mp4`;
  await jobs.storage.put(videoKey, await putCapture(jobs, id, 'take01'));
  // Publishing has tests of its own.
  const session = await read(jobs, id);
  const [question] = session.questions;
  if (!question) throw new Error('no question');
  const takes = question.takes.map((take) => ({
    ...take,
    state: 'stored' as const,
    stored: { ...STORED, key: videoKey },
  }));
  const stored = { ...session, state: 'stored' as const, questions: [{ ...question, pickId: 'take01', takes }] };
  expect(await jobs.sessions.replace({ ...stored, version: session.version + 1 }, session.version)).toBe(true);
  await jobs.recorder.removeSession(id);
  return { id, videoKey, key };
}

test('a session that was not started when its interview closed expires with its rehearsal', async () => {
  const clock = new ManualClock();
  const server = jobs.server({ clock });
  const { slug, interview } = await makeInterview(jobs, { closesAt: clock.now() + 60_000 });
  const person = somebody();
  const waiting = await rehearse(server, slug, person);
  const open = await enter(server, (await makeInterview(jobs)).slug);
  const started = await enter(server, slug);
  await server.service.handle(started, { type: 'start' });

  await server.sweeper.sweep();
  expect((await read(jobs, waiting.id)).state).toBe('checked');
  clock.advance((interview.closesAt ?? 0) - clock.now());
  await server.sweeper.sweep();
  expect(await read(jobs, waiting.id)).toMatchObject({ state: 'expired', erasing: [], sweepAt: null });
  expect(await exists(waiting.file)).toBe(false);
  expect((await read(jobs, open)).state).toBe('checked');
  expect((await read(jobs, started)).state).toBe('running');
  expect(await server.gate.look(slug, person)).toMatchObject({ status: 'closed', sessionId: null });
  await server.close();
});

test('whoever missed the closing date begins anew when the interview is opened again', async () => {
  const clock = new ManualClock();
  const server = jobs.server({ clock });
  const { slug, key, interview } = await makeInterview(jobs, { closesAt: clock.now() + 60_000 });
  const person = somebody();
  const missed = await enter(server, slug, person);
  clock.advance(60_000);
  await server.sweeper.sweep();
  expect((await read(jobs, missed)).state).toBe('expired');
  const content = {
    ...{ title: interview.title, introduction: '', contact: null, questions: interview.questions, autoStart: false },
    ...{ totalTimeMs: interview.totalTimeMs, opensAt: null, closesAt: null, timeZone: 'UTC', attemptsAllowed: 1 },
    access: interview.access,
  };
  const change = { version: interview.version, content, unlessFrozen: true, now: clock.now() };
  expect(await jobs.interviews.replace(key, change)).not.toBeNull();
  expect((await server.gate.look(slug, person)).status).toBe('open');
  expect(await read(jobs, await enter(server, slug, person))).toMatchObject({ state: 'checked', attempt: 2 });
  await server.close();
});

test('a rehearsal that lies for an hour is deleted, and the state says so', async () => {
  const clock = new ManualClock();
  const server = jobs.server({ clock });
  const { id, file } = await rehearse(server, (await makeInterview(jobs)).slug);
  clock.advance(REHEARSAL_KEPT_MS - 1);
  await server.sweeper.sweep();
  expect(await exists(file)).toBe(true);
  clock.advance(1);
  await server.sweeper.sweep();
  expect(await exists(file)).toBe(false);
  expect(await read(jobs, id)).toMatchObject({ state: 'checked', rehearsals: [{ state: 'deleted' }], erasing: [] });
  await server.close();
});

test('the sweep comes by itself, at the start and each minute', async () => {
  const clock = new ManualClock();
  const server = jobs.server({ clock });
  server.sweeper.start();
  await server.sweeper.sweep();
  const { id, file } = await rehearse(server, (await makeInterview(jobs)).slug);
  // The timer of the next sweep is armed in the turn after the sweep.
  await Promise.resolve();
  clock.advance(REHEARSAL_KEPT_MS + 60_000);
  await server.sweeper.sweep();
  expect(await exists(file)).toBe(false);
  expect((await read(jobs, id)).rehearsals[0]?.state).toBe('deleted');
  await server.close();
  expect(clock.pending).toBe(0);
});

test('captures of sessions that are over, or that do not exist, are removed; those in use stay', async () => {
  const clock = new ManualClock();
  const server = jobs.server({ clock });
  const { slug } = await makeInterview(jobs);
  const used = await rehearse(server, slug);
  const over = await enter(server, slug);
  await server.parts.withdraw(over);
  const left = await putCapture(jobs, over, 'take01');
  const unknown = await putCapture(jobs, 'f'.repeat(24), 'take01');
  const foreign = await putCapture(jobs, 'not-a-session', 'take01');
  await server.sweeper.sweep();
  expect(await Promise.all([used.file, left, unknown, foreign].map(exists))).toEqual([true, false, false, true]);
  await server.close();
});

test('captures are not removed on the word of another database', async () => {
  const other = await startJobs();
  try {
    const clock = new ManualClock();
    const file = await putCapture(other, 'f'.repeat(24), 'take01');
    const server = other.server({ clock });
    await server.sweeper.sweep();
    expect(await exists(file)).toBe(true);
    await server.close();
  } finally {
    await other.close();
  }
});

test('a rehearsal that cannot be erased is erased later', async () => {
  const clock = new ManualClock();
  const broken = jobs.server({ clock, recorder: { remove: away } });
  const { id, file } = await rehearse(broken, (await makeInterview(jobs)).slug);
  const { erasing } = await broken.service.handle(id, { type: 'rehearsal_delete' });
  expect(erasing).toBe(true);
  expect(await read(jobs, id)).toMatchObject({ rehearsals: [{ state: 'deleted' }], erasing: ['demo01'] });
  await broken.sweeper.sweep();
  expect((await read(jobs, id)).erasing).toEqual(['demo01']);
  expect(broken.errors()).toContain('not erased yet: it is tried again');
  await broken.close();

  const mended = jobs.server({ clock });
  await mended.sweeper.sweep();
  expect(await read(jobs, id)).toMatchObject({ erasing: [], sweepAt: null });
  expect(await exists(file)).toBe(false);
  await mended.close();
});

test('a withdrawal is erased later when the disk or the storage is away, and not said to be before', async () => {
  const clock = new ManualClock();
  const broken = jobs.server({ clock, recorder: { removeSession: away } });
  const { id, file } = await rehearse(broken, (await makeInterview(jobs)).slug);
  const told: SessionView[] = [];
  const listener = { progress: () => undefined, state: (view: SessionView) => void told.push(view) };
  broken.service.subscribe(id, listener);
  await expect(broken.parts.withdraw(id)).rejects.toMatchObject({ code: 'unavailable' });
  expect(await read(jobs, id)).toMatchObject({ state: 'withdrawn', erasing: ['demo01'] });
  // The page is never told that it is deleted before it is.
  expect(told.splice(0).map(({ state, erasing }) => [state, erasing])).toEqual([['withdrawn', true]]);
  await broken.close();
  const mended = jobs.server({ clock });
  mended.service.subscribe(id, listener);
  await mended.sweeper.sweep();
  expect((await read(jobs, id)).erasing).toEqual([]);
  expect(await exists(file)).toBe(false);
  expect(told.map(({ state, erasing }) => [state, erasing])).toEqual([['withdrawn', false]]);
  await mended.parts.withdraw(id);
  await mended.close();
});

test('answers that cannot be deleted are hidden at once and said to be deleted when they are', async () => {
  const clock = new ManualClock();
  const server = jobs.server({ clock });
  const { id, videoKey } = await saved(server);
  const broken = jobs.server({ clock, storage: { deletePrefix: away } });
  await expect(broken.parts.deleteAnswers(id)).rejects.toMatchObject({ code: 'unavailable' });
  const asked = clock.now();
  expect(await read(jobs, id)).toMatchObject({ deletionAskedAt: asked, answersDeletedAt: null, sweepAt: asked });
  expect(await jobs.storage.size(videoKey)).not.toBeNull();
  await broken.sweeper.sweep();
  await broken.close();

  clock.advance(90_000);
  await server.sweeper.sweep();
  expect(await read(jobs, id)).toMatchObject({ answersDeletedAt: clock.now(), erasing: [], sweepAt: null });
  expect(await jobs.storage.size(videoKey)).toBeNull();
  await server.close();
});

test('an interview whose deletion failed is deleted by the sweep', async () => {
  const clock = new ManualClock();
  const server = jobs.server({ clock });
  const { id, videoKey, key } = await saved(server);
  const broken = jobs.server({ clock, storage: { deletePrefix: away } });
  await expect(broken.editor.remove(key)).rejects.toMatchObject({ code: 'unavailable' });
  await broken.sweeper.sweep();
  expect(broken.errors()).toContain('sweep failed, it is done again');
  await broken.close();
  await server.sweeper.sweep();
  expect(await jobs.sessions.get(id)).toBeNull();
  expect(await jobs.interviews.hidden()).not.toContain(key.id);
  expect(await jobs.storage.size(videoKey)).toBeNull();
  await server.close();
});
