import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startServer } from '#test/support/server.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

test('a second server on the same folder refuses to start and touches nothing', { timeout: 90_000 }, async () => {
  const server = await startServer();
  onTestFinished(() => server.close());
  const second = run(process.execPath, ['server/main.ts'], {
    cwd: ROOT,
    timeout: 30_000,
    env: { ...process.env, NODE_ENV: 'production', DATA_DIR: server.dataDir, PUBLIC_URL: server.url },
  });
  await expect(second).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`It runs already, as process ${server.pid}`) as string,
  });
  const ready = await fetch(new URL('/readyz', server.url));
  expect(ready.status).toBe(200);
});
