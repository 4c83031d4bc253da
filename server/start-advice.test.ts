import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '#config/load.ts';
import { adviceOn } from './start-advice.ts';

async function takenPort(): Promise<{ port: number; error: unknown }> {
  const holder = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void holder.close());
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  const error = await once(createServer().listen(port, '127.0.0.1'), 'listening').catch((reason: unknown) => reason);
  return { port, error };
}

test('says which port is taken and what to choose instead', async () => {
  const { port, error } = await takenPort();
  const config = loadConfig({});
  const local = { ...config, http: { ...config.http, port } };
  expect(adviceOn(error, local)).toBe(
    `Port ${port} is taken: end the program that listens on it, or choose another, such as PUBLIC_URL=http://localhost:${port + 1}.`,
  );
  expect(adviceOn(error, { ...local, isLocal: false })).toContain(`such as PORT=${port + 1}.`);
});

test('knows a media worker’s words', () => {
  const config = loadConfig({ WORKERS: '2' });
  const error = new Error("uv_udp_bind() failed [protocol:udp, ip:'127.0.0.1', port:40001]: address already in use");
  expect(adviceOn(error, config)).toContain('Port 40001 for media is taken');
  expect(adviceOn(error, config)).toContain('RTC_PORT_MIN=40100');
});

test('says nothing of what it does not know', () => {
  expect(adviceOn(new Error('the moon is full'), loadConfig({}))).toBeNull();
  expect(adviceOn('a string', loadConfig({}))).toBeNull();
});
