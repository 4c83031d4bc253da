import { beforeAll, expect, test } from 'vitest';
import type { ErrorCode } from '#protocol/errors.ts';
import { MAX_SESSIONS_PER_PERSON } from '#protocol/session.ts';
import { ManualClock } from '#server/clock.ts';
import type { Interview, InterviewContent } from '#server/store/interviews.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { STORE_START_TIMEOUT_MS } from './http-store.ts';
import { enter, makeInterview, read, somebody, startJobs, type Jobs } from './jobs-harness.ts';

const keep = closeAfterAll();
let jobs: Jobs;
beforeAll(async () => {
  jobs = await keep(startJobs());
}, STORE_START_TIMEOUT_MS);

/** What the recruiter's page writes. */
async function edit(interview: Interview, changes: Partial<InterviewContent>): Promise<void> {
  const { title, introduction, contact, questions, totalTimeMs, autoStart, timeZone, access } = interview;
  const content = {
    ...{ title, introduction, contact, questions, totalTimeMs, autoStart, timeZone, access },
    ...{ opensAt: interview.opensAt, closesAt: interview.closesAt, attemptsAllowed: interview.attemptsAllowed },
    ...changes,
  };
  const current = await jobs.interviews.byId(interview.id);
  const change = { version: current?.version ?? 0, content, unlessFrozen: false, now: 1 };
  expect(await jobs.interviews.replace(interview, change)).not.toBeNull();
}

const listed = (...addresses: string[]) => ({ access: { kind: 'addresses' as const, addresses } });

test.each<[string, Partial<InterviewContent>, ErrorCode | null]>([
  ['an address that was removed', listed('eve@example.org'), 'not_allowed'],
  ['an address that is listed', listed('eve@example.org', 'kim@example.org'), null],
  ['an interview that opens later', { opensAt: Date.UTC(2030, 0, 1) }, 'not_open_yet'],
  ['an interview that has closed', { closesAt: Date.UTC(2020, 0, 1) }, 'closed'],
])('whoever has agreed asks the gate again at the start: %s', async (_title, changes, code) => {
  const server = jobs.server({ clock: new ManualClock() });
  const { slug, interview } = await makeInterview(jobs);
  const id = await enter(server, slug);
  await edit(interview, changes);
  const started = server.service.handle(id, { type: 'start' });
  if (code === null) expect((await started).state).toBe('running');
  else await expect(started).rejects.toMatchObject({ code });
  expect((await read(jobs, id)).state).toBe(code === null ? 'running' : 'checked');
  // Whoever may not start freezes nothing.
  expect((await jobs.interviews.byId(interview.id))?.frozen).toBe(code === null);
  await server.close();
});

test('there is an end to agreeing, withdrawing and agreeing anew', async () => {
  const server = jobs.server({ clock: new ManualClock() });
  const { slug, key } = await makeInterview(jobs);
  const person = somebody();
  for (let made = 0; made < MAX_SESSIONS_PER_PERSON; made += 1)
    await server.parts.withdraw(await enter(server, slug, person));
  await expect(enter(server, slug, person)).rejects.toMatchObject({ code: 'attempts_used' });
  expect(await server.gate.look(slug, person)).toMatchObject({ status: 'finished', sessionState: 'withdrawn' });
  expect(await jobs.sessions.ofVisitor(key.id, person.id)).toHaveLength(MAX_SESSIONS_PER_PERSON);
  await server.close();
});

test('fewer attempts than before keep a prepared one from being started', async () => {
  const server = jobs.server({ clock: new ManualClock() });
  const { slug, interview } = await makeInterview(jobs);
  await edit(interview, { attemptsAllowed: 2 });
  const person = somebody();
  const first = await enter(server, slug, person);
  await server.service.handle(first, { type: 'start' });
  await server.parts.withdraw(first);
  const second = await enter(server, slug, person);
  await edit(interview, { attemptsAllowed: 1 });
  await expect(server.service.handle(second, { type: 'start' })).rejects.toMatchObject({ code: 'attempts_used' });
  await edit(interview, { attemptsAllowed: 2 });
  expect((await server.service.handle(second, { type: 'start' })).state).toBe('running');
  await server.close();
});
