import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { freePorts } from '#test/support/ports.ts';
import { createPortPool } from './ports.ts';

test('pairs are even, never shared, and free again after their release', async () => {
  const min = await freePorts(8);
  const pool = createPortPool({ min, max: min + 7 });
  const all = (await Promise.all([pool.take(2), pool.take(2)])).flat();
  expect(new Set(all).size).toBe(4);
  expect(all.every((port) => port % 2 === 0)).toBe(true);
  await expect(pool.take(1)).rejects.toMatchObject({ code: 'busy' });
  pool.release(all);
  expect(pool.taken).toBe(0);
  expect((await pool.take(4)).length).toBe(4);
});

test('a pair that somebody else uses is passed over, and a take that gets too few gives all back', async () => {
  const min = await freePorts(4);
  const other = createSocket('udp4');
  other.bind(min + 1, '127.0.0.1');
  await once(other, 'listening');
  try {
    const pool = createPortPool({ min, max: min + 3 });
    await expect(pool.take(2)).rejects.toMatchObject({ code: 'busy' });
    expect(pool.taken).toBe(0);
    expect(await pool.take(1)).toEqual([min + 2]);
  } finally {
    other.close();
  }
});
