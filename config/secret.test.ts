import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadSecretKey } from './secret.ts';

test('a secret is made once, even by two starts at once, and kept from others', async () => {
  const parent = await mkdtemp(path.join(tmpdir(), 'goodtake-secret-'));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  const dataDir = path.join(parent, 'data');
  const keys = await Promise.all(Array.from({ length: 8 }, () => loadSecretKey({ secretKey: null, dataDir })));
  expect(new Set(keys).size).toBe(1);
  expect(keys[0]?.length).toBeGreaterThanOrEqual(32);
  expect(await readdir(dataDir)).toEqual(['secret-key']);
  expect((await stat(path.join(dataDir, 'secret-key'))).mode & 0o777).toBe(0o600);
});

test('a configured secret is used as it is and nothing is written', async () => {
  expect(await loadSecretKey({ secretKey: 'configured', dataDir: '/proc/nowhere' })).toBe('configured');
});
