import { expect, test } from 'vitest';
import { ConfigError, loadConfig } from './load.ts';

const PRODUCTION = {
  PUBLIC_URL: 'https://interviews.example.org',
  SECRET_KEY: 'k'.repeat(32),
  SMTP_URL: 'smtps://user:hunter2@mail.example.org',
};

function faultsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

test('an empty environment starts a development server that only this machine reaches', () => {
  const config = loadConfig({ SMTP_URL: '', OIDC_ISSUER: ' ' });
  expect(config).toMatchObject({
    publicUrl: 'http://localhost:3000',
    isLocal: true,
    http: { host: '127.0.0.1', port: 3000, trustProxy: false },
    mongodb: { url: null },
    storage: { kind: 'folder' },
    identity: { kind: 'embedded', audience: 'http://localhost:3000/api' },
    mail: { smtpUrl: null },
    rtc: { listenIp: '127.0.0.1', announcedAddress: '127.0.0.1', turn: null },
  });
  expect(config.rtc.workers).toBeGreaterThan(0);
});

test('one public origin decides where to listen and what to announce', () => {
  expect(loadConfig(PRODUCTION)).toMatchObject({
    publicUrl: 'https://interviews.example.org',
    isLocal: false,
    http: { host: '0.0.0.0', port: 3000 },
    mail: { from: '"Goodtake" <no-reply@interviews.example.org>' },
    rtc: { listenIp: '0.0.0.0', announcedAddress: 'interviews.example.org' },
  });
  expect(loadConfig({ PORT: '3017' })).toMatchObject({ publicUrl: 'http://localhost:3017', http: { port: 3017 } });
  expect(loadConfig({ PUBLIC_URL: 'http://localhost:4567/' })).toMatchObject({
    publicUrl: 'http://localhost:4567',
    http: { port: 4567 },
  });
  expect(loadConfig({ ...PRODUCTION, PUBLIC_URL: 'https://[2001:db8::1]' }).rtc.announcedAddress).toBe('2001:db8::1');
});

test('settings are frozen to the last leaf', () => {
  const config = loadConfig({ TURN_URLS: 'turn:t.example.org:3478, turns:t.example.org', TURN_SECRET: 's' });
  expect(config.rtc.turn?.urls).toEqual(['turn:t.example.org:3478', 'turns:t.example.org']);
  expect(Object.isFrozen(config.rtc.turn?.urls)).toBe(true);
});

test('every fault is named at once, with what would be right', () => {
  const faults = faultsOf({
    WORKERS: 'many',
    PORT: '70000',
    STORAGE: 's3',
    S3_BUCKET: 'videos',
    OIDC_EMAIL_CLAIM: 'email',
  });
  expect(faults).toEqual([
    'PORT must be a whole number from 1 to 65535, not "70000"',
    'WORKERS must be a whole number from 1 to 256, not "many"',
    'S3_ACCESS_KEY_ID must be set, as STORAGE is s3',
    'S3_SECRET_ACCESS_KEY must be set, as STORAGE is s3',
    'OIDC_ISSUER must be set, as another OIDC_ setting is: all of them or none',
    'OIDC_CLIENT_ID must be set, as another OIDC_ setting is: all of them or none',
    'OIDC_AUDIENCE must be set, as another OIDC_ setting is: all of them or none',
  ]);
  expect(() => loadConfig({ WORKERS: 'many' })).toThrow(/The settings are wrong:\n {2}WORKERS must .*\nSee docs/);
});

test('a fault is said once, not by every rule that it breaks', () => {
  expect(faultsOf({ ...PRODUCTION, SECRET_KEY: 'too short' })).toEqual([
    'SECRET_KEY must be one line of 32 to 1000 characters',
  ]);
  expect(faultsOf({ PUBLIC_URL: 'interviews.example.org' })).toHaveLength(1);
});

test('a secret is never repeated', () => {
  const message = faultsOf({ SECRET_KEY: 'sesame', MONGODB_URL: 'mysql://root:sesame@db', SMTP_URL: 'sesame' }).join();
  expect(message).toContain('MONGODB_URL');
  expect(message).not.toContain('sesame');
});

test('what is convenient in development is refused in production', () => {
  expect(faultsOf({ PUBLIC_URL: PRODUCTION.PUBLIC_URL })).toEqual([
    expect.stringMatching(/^SECRET_KEY must be set/),
    expect.stringMatching(/^SMTP_URL must be set/),
  ]);
});

test.each([
  'http://interviews.example.org',
  'https://example.org/path',
  'https://user@example.org',
  'https://example.org?x=1',
  'ftp://localhost',
  'localhost:3000',
])('%s is no public origin', (PUBLIC_URL) => {
  expect(faultsOf({ ...PRODUCTION, PUBLIC_URL })).toEqual([expect.stringMatching(/^PUBLIC_URL must be an origin/)]);
});

test.each([
  [{ WORKER_PORT_MAX: '46000' }, /^WORKER_PORT_MIN to WORKER_PORT_MAX \(41000-46000\) must not overlap RECORDER_PORT/],
  [{ RTC_PORT_MIN: '40999', WORKERS: '2' }, /must not overlap RTC_PORT_MIN/],
  [{ PORT: '40001', WORKERS: '2' }, /RTC_PORT_MIN .* must not overlap PORT \(40001\)/],
  [{ MONGOD_PORT: '47000' }, /RECORDER_PORT_MIN .* must not overlap MONGOD_PORT/],
  [{ RECORDER_PORT_MIN: '50000' }, /^RECORDER_PORT_MIN to RECORDER_PORT_MAX must hold at least 4 ports/],
  [{ RTC_PORT_MIN: '65535', WORKERS: '2' }, /^RTC_PORT_MIN must leave room/],
])('ports that two would use are refused: %o', (env, fault) => {
  expect(faultsOf(env)).toEqual([expect.stringMatching(fault)]);
});

test.each([
  ['HOST', 'localhost', '0.0.0.0'],
  ['LOG_LEVEL', 'loud', 'debug'],
  ['S3_FORCE_PATH_STYLE', 'yes', 'true'],
  ['S3_ENDPOINT', 's3.example.org', 'http://127.0.0.1:7070'],
  ['TRUST_PROXY', 'everybody', 'loopback, 10.0.0.0/8, ::1'],
  ['RTC_ANNOUNCED_ADDRESS', 'a b', 'media.example.org'],
  ['PRODUCT_NAME', 'two\nlines', 'Casting'],
  ['MEDIA_MIN_FREE_BYTES', '1GB', '0'],
  ['VIDEO_URL_TTL_S', '1.5', '60'],
])('%s refuses %j and takes %j', (name, wrong, right) => {
  expect(faultsOf({ [name]: wrong })).toEqual([expect.stringMatching(new RegExp(`^${name} must be`))]);
  expect(faultsOf({ [name]: right })).toEqual([]);
});
