import { isIP } from 'node:net';
import { flag, host, integer, ipAddress, list, port, publicOrigin, schemeOf, text, url, word } from './fields.ts';
import type { Field } from './fields.ts';

/** What is known of one setting; `docs/configuration.md` is made from it. */
export interface Setting<T = unknown> {
  group: string;
  field: Field<T>;
  description: string;
  /** What holds when the variable is absent or empty, in words. */
  otherwise: string;
  unit?: string;
  /** Its value never appears in a message. */
  secret?: true;
}

type About<T> = Omit<Setting<T>, 'group' | 'field'>;

const inGroup =
  (group: string) =>
  <T>(field: Field<T>, about: About<T>): Setting<T> => ({ group, field, ...about });

const web = inGroup('Web server');
const data = inGroup('Database and files');
const video = inGroup('Video storage');
const identity = inGroup('Signing in');
const mail = inGroup('Mail');
const rtc = inGroup('Real-time media');
const recorder = inGroup('Recorder');

/** Names that Fastify's `trustProxy` knows besides addresses and subnets. */
const PROXY_NAMES = ['loopback', 'linklocal', 'uniquelocal'];
const isProxy = (value: string) => PROXY_NAMES.includes(value) || isIP(value.replace(/\/\d{1,3}$/, '')) !== 0;
const isTurnUrl = (value: string) => ['turn:', 'turns:'].includes(schemeOf(value));

/** Every setting of the product: one environment variable each. An empty variable counts as an absent one. */
export const SETTINGS = {
  PUBLIC_URL: web(publicOrigin(), {
    description:
      'The one public origin. The issuer, redirect addresses, cookies and announced addresses all follow from it.',
    otherwise: 'http://localhost on `PORT`',
  }),
  HOST: web(ipAddress(), {
    description: 'The address that the web server listens on.',
    otherwise: '127.0.0.1 when PUBLIC_URL is on localhost, else 0.0.0.0',
  }),
  PORT: web(port(), {
    description: 'The port that the web server listens on.',
    otherwise: "PUBLIC_URL's port when it is on localhost, else 3000",
  }),
  TRUST_PROXY: web(list(isProxy, `a comma-separated list of addresses, subnets or ${PROXY_NAMES.join(', ')}`), {
    description: 'The reverse proxies whose X-Forwarded-For is believed, separated by commas.',
    otherwise: 'none is believed',
  }),
  PRODUCT_NAME: web(text(1, 60), {
    description: 'The name shown on pages and in mails.',
    otherwise: 'Goodtake',
  }),
  LOG_LEVEL: web(word(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']), {
    description: 'The least severe events that are logged.',
    otherwise: 'info',
  }),

  DATA_DIR: data(text(), {
    description: 'The folder of running recordings, stored videos, the embedded database and the generated secret.',
    otherwise: './data',
  }),
  MONGODB_URL: data(url(['mongodb:', 'mongodb+srv:'], 'mongodb://db.example.org:27017/goodtake?replicaSet=rs0'), {
    description: 'The database: a MongoDB replica set, even of one member.',
    otherwise: 'an embedded one runs in DATA_DIR',
    secret: true,
  }),
  MONGOD_PATH: data(text(), { description: 'The mongod that the embedded database runs.', otherwise: 'mongod' }),
  MONGOD_PORT: data(integer(0, 65535), {
    description: 'The port of the embedded database on 127.0.0.1; 0 takes any free one.',
    otherwise: '0',
  }),

  STORAGE: video(word(['folder', 's3']), {
    description: 'Where finished videos are kept: a folder in DATA_DIR, or an S3 bucket.',
    otherwise: 'folder',
  }),
  S3_ENDPOINT: video(url(['https:', 'http:'], 'https://s3.example.org'), {
    description: 'The address of the S3 server.',
    otherwise: "Amazon's for the region",
  }),
  S3_REGION: video(text(1, 100), { description: "The bucket's region.", otherwise: 'us-east-1' }),
  S3_BUCKET: video(text(3, 63), { description: 'The bucket. Needed when STORAGE is s3.', otherwise: 'none' }),
  S3_ACCESS_KEY_ID: video(text(), { description: 'Needed when STORAGE is s3.', otherwise: 'none', secret: true }),
  S3_SECRET_ACCESS_KEY: video(text(), { description: 'Needed when STORAGE is s3.', otherwise: 'none', secret: true }),
  S3_FORCE_PATH_STYLE: video(flag(), {
    description: 'Whether the bucket is named in the path, as servers other than Amazon’s mostly want.',
    otherwise: 'true when S3_ENDPOINT is set',
  }),
  VIDEO_URL_TTL_S: video(integer(10, 86_400), {
    description: 'How long a signed video address works.',
    otherwise: '900',
    unit: 'seconds',
  }),

  SECRET_KEY: identity(text(32, 1000), {
    description: 'Signs cookies, codes and video addresses. Needed unless PUBLIC_URL is on localhost.',
    otherwise: 'generated once into DATA_DIR',
    secret: true,
  }),
  OIDC_ISSUER: identity(url(['https:', 'http:'], 'https://example.eu.auth0.com/'), {
    description:
      'The OpenID Connect issuer that people sign in with, exactly as its tokens name it. Needs OIDC_CLIENT_ID and OIDC_AUDIENCE.',
    otherwise: 'the embedded issuer, which signs in by e-mail code',
  }),
  OIDC_CLIENT_ID: identity(text(), { description: "This application's id at the issuer.", otherwise: 'none' }),
  OIDC_AUDIENCE: identity(text(), { description: "This API's identifier at the issuer.", otherwise: 'none' }),
  OIDC_EMAIL_CLAIM: identity(text(), {
    description: 'The claim of an access token that holds the verified e-mail address.',
    otherwise: "the issuer's userinfo is asked",
  }),

  SMTP_URL: mail(url(['smtp:', 'smtps:'], 'smtps://user:password@mail.example.org'), {
    description: 'The mail server. Needed unless PUBLIC_URL is on localhost or OIDC_ISSUER is set.',
    otherwise: 'mails go to the development mailbox',
    secret: true,
  }),
  MAIL_FROM: mail(text(3, 320), {
    description: 'The sender of mails.',
    otherwise: "PRODUCT_NAME at no-reply@PUBLIC_URL's host",
  }),

  RTC_LISTEN_IP: rtc(ipAddress(), {
    description: 'The address on which browsers’ media arrives.',
    otherwise: '127.0.0.1 when PUBLIC_URL is on localhost, else 0.0.0.0',
  }),
  RTC_ANNOUNCED_ADDRESS: rtc(host(), {
    description: 'The address or name that browsers are told to send media to.',
    otherwise: "PUBLIC_URL's host; 127.0.0.1 for localhost",
  }),
  RTC_PORT_MIN: rtc(port(), {
    description: 'The first of the media ports, UDP and TCP: one for each worker. Open them in the firewall.',
    otherwise: '40000',
  }),
  WORKERS: rtc(integer(1, 256), { description: 'How many media workers run.', otherwise: 'one a processor core' }),
  WORKER_PORT_MIN: rtc(port(), {
    description: "The first of the ports, loopback only, that a worker's transports to the recorder take.",
    otherwise: '41000',
  }),
  WORKER_PORT_MAX: rtc(port(), { description: 'The last of them.', otherwise: '45999' }),
  MEDIASOUP_WORKER_BIN: rtc(text(), {
    description: 'The mediasoup-worker to run.',
    otherwise: 'the one in the mediasoup package',
  }),
  TURN_URLS: rtc(list(isTurnUrl, 'a comma-separated list of turn: or turns: URLs'), {
    description: 'TURN servers for people behind strict firewalls, separated by commas. Needs TURN_SECRET.',
    otherwise: 'none',
  }),
  TURN_SECRET: rtc(text(), {
    description: 'The secret shared with the TURN servers, from which short-lived credentials are made.',
    otherwise: 'none',
    secret: true,
  }),

  RECORDER_PORT_MIN: recorder(port(), {
    description: 'The first of the ports, loopback only, that recorders listen on.',
    otherwise: '46000',
  }),
  RECORDER_PORT_MAX: recorder(port(), { description: 'The last of them.', otherwise: '49999' }),
  FFMPEG_PATH: recorder(text(), { description: 'The ffmpeg to run, version 5 or later.', otherwise: 'ffmpeg' }),
  FFPROBE_PATH: recorder(text(), { description: 'The ffprobe to run.', otherwise: 'ffprobe' }),
  MEDIA_MIN_FREE_BYTES: recorder(integer(0, Number.MAX_SAFE_INTEGER), {
    description: 'No take starts while the disk of DATA_DIR has less room than this.',
    otherwise: '536870912',
    unit: 'bytes',
  }),
} satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

/** The settings as parsed one by one; `undefined` where the variable was absent or empty. */
export type Values = {
  readonly [N in SettingName]: ((typeof SETTINGS)[N] extends Setting<infer T> ? T : never) | undefined;
};
