import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';

const home = mkdtempSync(path.join(tmpdir(), 'goodtake-setup-'));
vi.stubEnv('XDG_CACHE_HOME', home);
afterAll(() => rmSync(home, { recursive: true, force: true }));

// The cache's place is read when these are loaded.
const { cached, putInCache } = await import('./cache.mjs');
const { download } = await import('./download.mjs');
const { withLock } = await import('./lock.mjs');
const { TOOLS } = await import('./paths.mjs');
const { CannotGoOn, firstOf } = await import('./say.mjs');
const { countReport } = await import('./test.mjs');

test('two set-ups take turns', async () => {
  const order: string[] = [];
  const first = withLock(async () => {
    order.push('first in');
    await new Promise(setImmediate);
    order.push('first out');
  });
  const second = withLock(async () => void order.push('second'));
  await Promise.all([first, second]);
  expect(order).toEqual(['first in', 'first out', 'second']);
  expect(readdirSync(TOOLS)).toEqual([]);
});

test('the lock of a set-up that was killed is void, and what it was making is removed', async () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(path.join(TOOLS, 'setup.lock'), String(pid));
  writeFileSync(path.join(TOOLS, 'tmp-half'), '');
  expect(await withLock(async () => readdirSync(TOOLS))).toEqual(['setup.lock']);
});

test('a tool is in the cache when it is whole, and not before', async () => {
  await expect(
    putInCache('tool', async (folder) => {
      writeFileSync(path.join(folder, 'half'), '');
      throw new Error('interrupted');
    }),
  ).rejects.toThrow('interrupted');
  expect(cached('tool')).toBeNull();
  const file = await putInCache('tool', async (folder) => {
    writeFileSync(path.join(folder, 'made'), '#!/bin/sh\n');
    expect(existsSync(path.join(TOOLS, 'tool'))).toBe(false);
    return path.join(folder, 'made');
  });
  expect(cached('tool')).toBe(file);
  expect(readdirSync(TOOLS)).toEqual(['tool']);
});

test('the next source gets its turn, and the last failure says what to install', async () => {
  const broken = { name: 'broken', get: () => Promise.reject(new Error('no way')) };
  const working = { name: 'working', get: () => Promise.resolve('there') };
  expect(await firstOf('tool', [broken, working], 'install it')).toBe('there');
  await expect(firstOf('tool', [broken], 'install it')).rejects.toThrow(
    new CannotGoOn('tool could not be set up: install it.'),
  );
});

test('a download is measured and summed, a refusal or a silent host fails', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/file') response.end('contents');
    else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const file = path.join(home, 'download');
  expect(await download(`${origin}/file`, file, () => undefined)).toBe(
    'd1b2a59fbea7e20077af9f91b27e95e865061b270be03ff539ab3b73587882e8',
  );
  await expect(download(`${origin}/gone`, file, () => undefined)).rejects.toThrow('answered 404');
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  await expect(download(`${origin}/file`, file, () => undefined)).rejects.toThrow('cannot be reached');
});

test.each([
  ['all is well', { numPassedTests: 3, numFailedTests: 0, testResults: [] }, 0, { passed: 3, failed: 0 }],
  [
    'a file cannot be loaded',
    { numPassedTests: 3, numFailedTests: 0, testResults: [{ status: 'failed', assertionResults: [] }] },
    1,
    { passed: 3, failed: 1 },
  ],
  [
    'a test fails',
    {
      numPassedTests: 3,
      numFailedTests: 1,
      testResults: [{ status: 'failed', assertionResults: [{ status: 'failed' }] }],
    },
    1,
    { passed: 3, failed: 1 },
  ],
  [
    'an error outside of any test',
    { numPassedTests: 3, numFailedTests: 0, testResults: [] },
    1,
    { passed: 3, failed: 1 },
  ],
])('tests are counted when %s', (_case, report, code, count) => {
  const file = path.join(home, 'report.json');
  writeFileSync(file, JSON.stringify(report));
  expect(countReport(file, code)).toEqual(count);
});

test('no report is a failure', () => {
  expect(countReport(path.join(home, 'none.json'), 0)).toEqual({ passed: 0, failed: 1 });
});

test.each([
  ['test', '0 passed, 1 failed\n'],
  ['check', '0 passed, 1 failed\n'],
  ['start', ''],
])('when set-up fails, %s ends with the counts, if it is one that counts', (command, output) => {
  const notFolder = path.join(home, 'file');
  writeFileSync(notFolder, '');
  const script = path.join(import.meta.dirname, 'run.mjs');
  const env = { ...process.env, XDG_CACHE_HOME: notFolder };
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, command], { env, encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 1, stdout: output });
  expect(stderr).toContain('ENOTDIR');
});
