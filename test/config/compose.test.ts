import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Ajv, type AnySchema } from 'ajv';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '#config/load.ts';
import { SETTINGS } from '#config/schema.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (file: string) => readFile(path.join(ROOT, file), 'utf8');

interface Compose {
  services: Record<
    string,
    { environment?: Record<string, string | number>; stop_grace_period?: string; ports?: string[] }
  >;
}

const text = await read('docker-compose.yml');
const compose = parse(text) as Compose;
const environment = compose.services['server']?.environment ?? {};

/** What an operator has to give, as the file's first lines show. */
const GIVEN: Record<string, string> = {
  PUBLIC_URL: 'https://interviews.example.org',
  SECRET_KEY: 'k'.repeat(32),
  S3_SECRET_ACCESS_KEY: 's3-secret',
  SMTP_URL: 'smtps://mail.example.org',
  TURN_URLS: 'turn:interviews.example.org:3478',
  TURN_SECRET: 'turn-secret',
};

/** Puts values into `${NAME}`, `${NAME:-default}` and `${NAME:?reason}` as the Compose Specification says. */
function interpolate(value: string): string {
  return value.replaceAll(
    /\$\{([A-Z0-9_]+)(?::([-?])([^}]*))?\}/g,
    (_all, name: string, kind?: string, rest?: string) => {
      if (GIVEN[name]) return GIVEN[name];
      if (kind === '?') throw new Error(`${name} is needed: ${rest}`);
      return rest ?? '';
    },
  );
}

test('the file keeps to the compose schema', async () => {
  const schema = JSON.parse(await read('test/config/compose-spec/schema.json')) as AnySchema;
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addMetaSchema({
    ...(ajv.getSchema('http://json-schema.org/draft-07/schema')?.schema as object),
    $id: 'https://json-schema.org/draft-07/schema',
  });
  const validate = ajv.compile(schema);
  const valid = validate(compose);
  expect({ valid, errors: validate.errors }).toEqual({ valid: true, errors: null });
  expect(validate({ services: { server: { portz: [] } } })).toBe(false);
});

test('each variable of the server is a setting', () => {
  expect(Object.keys(SETTINGS)).toEqual(expect.arrayContaining(Object.keys(environment)));
});

test('each variable that an operator may give is a setting', () => {
  const names = [...text.matchAll(/\$\{([A-Z0-9_]+)/g)].map((match) => match[1]);
  expect(Object.keys(SETTINGS)).toEqual(expect.arrayContaining(names));
});

test('the values make a start without faults, with what the first lines tell to give', () => {
  const env = Object.entries(environment).map(([name, value]) => [name, interpolate(String(value))]);
  expect(loadConfig(Object.fromEntries(env) as NodeJS.ProcessEnv)).toMatchObject({
    publicUrl: GIVEN['PUBLIC_URL'],
    http: { host: '0.0.0.0', port: 3000 },
    storage: { kind: 's3', endpoint: 'http://s3:7070', bucket: 'goodtake', forcePathStyle: true },
    mail: { smtpUrl: GIVEN['SMTP_URL'] },
    rtc: { listenIp: '0.0.0.0', portMin: 40_000, workers: 4 },
  });
  const head = text.slice(0, text.indexOf('services:'));
  for (const name of Object.keys(GIVEN)) expect(head).toContain(`${name}=`);
});

test('a port is published for each worker, and takes get the time to finish', () => {
  const { ports, stop_grace_period: grace } = compose.services['server'] ?? {};
  const last = Number(environment['RTC_PORT_MIN']) + Number(environment['WORKERS']) - 1;
  const range = `${environment['RTC_PORT_MIN']}-${last}`;
  expect(ports).toEqual(expect.arrayContaining([`${range}:${range}/udp`, `${range}:${range}/tcp`]));
  expect(grace).toBe('90s');
});

test('what the image copies is in the checkout and not ignored', async () => {
  const dockerfile = await read('config/Dockerfile');
  const copied = [...dockerfile.matchAll(/^COPY --from=build \/app\/(\S+)/gm)].map((match) => match[1] ?? '');
  const allowed = (await read('.dockerignore')).match(/^!(\S+)/gm)?.map((line) => line.slice(1)) ?? [];
  const sources = copied.filter((name) => name !== 'node_modules').map((name) => name.split('/')[0]);
  expect(sources.length).toBeGreaterThan(4);
  expect(allowed).toEqual(expect.arrayContaining(sources));
});
