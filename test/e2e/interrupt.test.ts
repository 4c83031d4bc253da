import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { publishInterview, signInByHttp } from '#test/support/api.ts';
import { startBrowser, type TestBrowser } from '#test/support/browser.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { filesIn } from '#test/support/files.ts';
import { startServer, type TestServer } from '#test/support/server.ts';
import { CandidatePage } from './pages/candidate.ts';

/** Longer than ending ffmpeg, workers and the database takes; what remains after it was forgotten. */
const LEFTOVERS_TIMEOUT_MS = 10_000;
const POLL_MS = 50;
/** Of a running capture, at the bit rate of the test picture: enough to tell that it goes on. */
const GROWTH_BYTES = 50_000;
/** The launcher takes what comes within 300 ms of a Ctrl-C for the same one: npm passes it on a second time. */
const NEXT_PRESS_MS = 400;

let server: TestServer;
let browser: TestBrowser;
let candidate: CandidatePage;

const keep = closeAfterAll();
beforeAll(async () => {
  server = await keep(startServer({ job: true }));
  browser = await keep(startBrowser({ camera: { variant: 'portrait' } }));
  const recruiter = await signInByHttp(server, 'rita@example.org', { organisation: 'Crust & Co' });
  const interview = await publishInterview(recruiter);
  candidate = new CandidatePage(browser.page, server);
  await candidate.enter(interview.link ?? '', { email: 'kim@example.org', name: 'Kim Candidate' });
  await candidate.check();
  await candidate.start();
}, 90_000);

/** The server's processes: each carries the test's data folder in its environment. */
async function processes(): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    if (!(await read('environ')).split('\0').includes(`DATA_DIR=${server.dataDir}`)) continue;
    found.push((await read('cmdline')).split('\0').slice(0, 2).join(' '));
  }
  return found;
}

async function noneLeft(): Promise<void> {
  const until = Date.now() + LEFTOVERS_TIMEOUT_MS;
  while ((await processes()).length > 0 && Date.now() < until) await delay(POLL_MS);
  expect(await processes()).toEqual([]);
}

/** Waits until the server has been told to stop `times` times and its running capture has grown since. */
async function goesOn(times: number): Promise<void> {
  const told = () => server.logs.filter((line) => line.includes('asked again, it quits at once'));
  await expect.poll(() => told().length).toBe(times);
  const size = async () => (await filesIn(server.takesDir)).reduce((sum, { bytes }) => sum + bytes, 0);
  const before = await size();
  await expect.poll(size, { timeout: 10_000 }).toBeGreaterThan(before + GROWTH_BYTES);
  expect(candidate.watch.take(1).state).toBe('recording');
}

describe('Ctrl-C in a terminal, which signals the whole process group', { timeout: 90_000 }, () => {
  test('finishes the running take, stores its state and ends everything', async () => {
    const running = await candidate.record(1);
    const names = (await processes()).join('\n');
    for (const name of ['launcher.mjs', 'main.ts', 'mediasoup-worker', 'mongod', 'ffmpeg'])
      expect(names).toContain(name);
    server.interrupt();
    await goesOn(1);
    await candidate.press('Stop');
    const { take } = await candidate.ended(1, running);
    expect(take).toMatchObject({ state: 'playable', stopReason: 'candidate', free: false });
    expect(await server.exited()).toBe(0);
    await noneLeft();

    const from = candidate.watch.seen.length;
    await server.start();
    await candidate.watch.waitFor('the session after the start', () => true, { from });
    const { state, durationMs } = candidate.watch.take(1);
    expect({ state, durationMs }).toEqual({ state: 'playable', durationMs: take.durationMs });
    expect(server.logs.filter((line) => line.includes('ended by itself') || line.includes('left over'))).toEqual([]);
  });

  test('a second time quits at once, says so, and leaves nothing behind', async () => {
    const running = await candidate.record(1);
    server.interrupt();
    await Promise.all([goesOn(2), delay(NEXT_PRESS_MS)]);
    const askedAt = Date.now();
    server.interrupt();
    expect(await server.exited()).toBe(130);
    expect(Date.now() - askedAt).toBeLessThan(2_000);
    expect(server.logs.join('\n')).toContain('quitting at once');
    await noneLeft();

    const from = candidate.watch.seen.length;
    await server.start();
    await candidate.watch.waitFor('the session after the start', () => true, { from });
    await candidate.watch.waitFor('the broken take', () => candidate.watch.take(1).state === 'interrupted');
    expect(candidate.watch.take(1)).toMatchObject({ id: running.id, free: true });
  });
});
