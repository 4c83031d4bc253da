import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { createClosing } from './closing.ts';

const never = () => new Promise<void>(() => undefined);
let lines: string[];
const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
beforeEach(() => {
  lines = [];
});

test('closes the last opened first, once', async () => {
  const closing = createClosing({ log });
  const closed: string[] = [];
  for (const part of ['store', 'workers', 'http']) {
    closing.add(part, async () => {
      await Promise.resolve();
      closed.push(part);
    });
  }
  await Promise.all([closing.close(), closing.close()]);
  expect(closed).toEqual(['http', 'workers', 'store']);
});

test('names what does not close, and goes on', async () => {
  const closing = createClosing({ log, stepTimeoutMs: 20 });
  let closed = false;
  closing.add('store', () => void (closed = true));
  closing.add('http', never);
  await closing.close();
  expect(closed).toBe(true);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ closing: 'http', level: 50 });
});

test('ends in bounded time when nothing closes', async () => {
  const closing = createClosing({ log, stepTimeoutMs: 60_000, totalTimeoutMs: 50 });
  for (const part of ['a', 'b', 'c', 'd']) closing.add(part, never);
  await closing.close();
  expect(lines).toHaveLength(4);
});

test('tells what failed after everything had its turn', async () => {
  const closing = createClosing({ log });
  const fault = new Error('no');
  let closed = false;
  closing.add('store', () => void (closed = true));
  closing.add('http', () => {
    throw fault;
  });
  await expect(closing.close()).rejects.toMatchObject({ errors: [fault] });
  expect(closed).toBe(true);
});
