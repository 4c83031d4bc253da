import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MongoClient } from 'mongodb';
import { expect, onTestFinished, test } from 'vitest';
import { startMongod, type Mongod } from '#config/mongod.ts';
import { findTool } from '#test/support/tools.ts';

const binary = findTool('MONGOD_PATH', 'mongod');

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'goodtake-mongod-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function start(dbPath: string, port = 0, log?: (message: string) => void): Promise<Mongod> {
  const mongod = await startMongod({ binary, dbPath, port, ...(log && { log }) });
  onTestFinished(() => mongod.close());
  return mongod;
}

/** Adds one document in a transaction, which only a replica set knows, and says how many there are. */
async function addOne(url: string): Promise<number> {
  const client = new MongoClient(url);
  try {
    const things = client.db().collection('things');
    await client.withSession((session) => session.withTransaction(() => things.insertOne({}, { session })));
    return await things.countDocuments();
  } finally {
    await client.close();
  }
}

test('what is written stays, on the same port and on another', async () => {
  const dbPath = await makeFolder();
  const first = await start(dbPath);
  expect(await addOne(first.url)).toBe(1);
  await first.close();
  await first.close();

  const same = await start(dbPath, Number(new URL(first.url).port));
  expect(same.url).toBe(first.url);
  expect(await addOne(same.url)).toBe(2);
  await same.close();

  const moved = await start(dbPath);
  expect(moved.url).not.toBe(first.url);
  expect(await addOne(moved.url)).toBe(3);
});

test('a database that a killed parent left behind is ended and its data is there', async () => {
  const dbPath = await makeFolder();
  const parent = spawn(
    process.execPath,
    [path.join(import.meta.dirname, '../fixtures/mongod-parent.ts'), binary, dbPath],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [url] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
  expect(await addOne(url.trim())).toBe(1);
  const orphan = Number(await readFile(path.join(dbPath, 'mongod.lock'), 'utf8'));
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  expect(() => process.kill(orphan, 0)).not.toThrow();

  const messages: string[] = [];
  const mongod = await start(dbPath, 0, (message) => messages.push(message));
  expect(messages).toEqual([expect.stringContaining(`pid ${orphan}`)]);
  expect(await addOne(mongod.url)).toBe(2);
});

test('a start that cannot succeed fails with the reason and leaves nothing', async () => {
  const dbPath = await makeFolder();
  const running = await start(dbPath);
  const other = await makeFolder();
  const port = Number(new URL(running.url).port);
  await expect(startMongod({ binary, dbPath: other, port })).rejects.toThrow(/already in use/i);
  await expect(startMongod({ binary: '/nowhere/mongod', dbPath: other, port: 0 })).rejects.toThrow(/ENOENT/);
});

test('an end that nobody asked for is told', async () => {
  const messages: string[] = [];
  const mongod = await start(await makeFolder(), 0, (message) => messages.push(message));
  process.kill(mongod.pid, 'SIGKILL');
  await mongod.exited;
  expect(messages).toEqual(['the embedded database ended by itself']);
});
