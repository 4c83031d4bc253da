import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { Config } from './config.ts';
import { isLocalHost } from './fields.ts';
import { findRangeFaults } from './ranges.ts';
import type { Values } from './schema.ts';

const DEFAULT_PORT = 3000;
const DEFAULT_VIDEO_URL_TTL_S = 900;
const DEFAULT_MIN_FREE_BYTES = 512 * 1024 * 1024;

/** Fills in the defaults and checks the rules between settings, adding each fault to `faults`. */
export function resolveConfig(values: Values, faults: string[]): Config {
  const publicUrl = values.PUBLIC_URL ?? `http://localhost:${values.PORT ?? DEFAULT_PORT}`;
  const { hostname, port } = new URL(publicUrl);
  const isLocal = isLocalHost(hostname);
  const dataDir = path.resolve(values.DATA_DIR ?? 'data');
  const productName = values.PRODUCT_NAME ?? 'Goodtake';
  const host = values.HOST ?? (isLocal ? '127.0.0.1' : '0.0.0.0');
  if (!isLocal && !values.SECRET_KEY) {
    faults.push('SECRET_KEY must be set, to at least 32 random characters, as PUBLIC_URL is not on localhost');
  }
  if (!isLocal && !values.SMTP_URL && !values.OIDC_ISSUER) {
    faults.push('SMTP_URL must be set, as PUBLIC_URL is not on localhost and sign-in codes go out by mail');
  }
  const config: Config = {
    productName,
    logLevel: values.LOG_LEVEL ?? 'info',
    publicUrl,
    isLocal,
    http: {
      host,
      port: values.PORT ?? (isLocal ? Number(port || 80) : DEFAULT_PORT),
      trustProxy: values.TRUST_PROXY ?? false,
    },
    dataDir,
    secretKey: values.SECRET_KEY ?? null,
    mongodb: {
      url: values.MONGODB_URL ?? null,
      mongodPath: values.MONGOD_PATH ?? 'mongod',
      mongodPort: values.MONGOD_PORT ?? 0,
      directory: path.join(dataDir, 'mongodb'),
    },
    storage: resolveStorage(values, dataDir, faults),
    video: { urlTtlMs: (values.VIDEO_URL_TTL_S ?? DEFAULT_VIDEO_URL_TTL_S) * 1000 },
    identity: resolveIdentity(values, publicUrl, faults),
    mail: {
      smtpUrl: values.SMTP_URL ?? null,
      from:
        values.MAIL_FROM ?? `"${productName.replaceAll(/["\\]/g, '')}" <no-reply@${isLocal ? 'localhost' : hostname}>`,
    },
    rtc: {
      listenIp: values.RTC_LISTEN_IP ?? (isLocal ? '127.0.0.1' : '0.0.0.0'),
      announcedAddress: values.RTC_ANNOUNCED_ADDRESS ?? (isLocal ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, '')),
      portMin: values.RTC_PORT_MIN ?? 40_000,
      workers: values.WORKERS ?? availableParallelism(),
      workerPortMin: values.WORKER_PORT_MIN ?? 41_000,
      workerPortMax: values.WORKER_PORT_MAX ?? 45_999,
      workerPath: values.MEDIASOUP_WORKER_BIN ?? null,
      turn: resolveTurn(values, faults),
    },
    recorder: {
      directory: path.join(dataDir, 'takes'),
      portMin: values.RECORDER_PORT_MIN ?? 46_000,
      portMax: values.RECORDER_PORT_MAX ?? 49_999,
      ffmpegPath: values.FFMPEG_PATH ?? 'ffmpeg',
      ffprobePath: values.FFPROBE_PATH ?? 'ffprobe',
      minFreeBytes: values.MEDIA_MIN_FREE_BYTES ?? DEFAULT_MIN_FREE_BYTES,
    },
  };
  faults.push(...findRangeFaults(config));
  return config;
}

function resolveStorage(values: Values, dataDir: string, faults: string[]): Config['storage'] {
  if (values.STORAGE !== 's3') return { kind: 'folder', directory: path.join(dataDir, 'videos') };
  for (const name of ['S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const) {
    if (!values[name]) faults.push(`${name} must be set, as STORAGE is s3`);
  }
  return {
    kind: 's3',
    endpoint: values.S3_ENDPOINT ?? null,
    region: values.S3_REGION ?? 'us-east-1',
    bucket: values.S3_BUCKET ?? '',
    accessKeyId: values.S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: values.S3_SECRET_ACCESS_KEY ?? '',
    forcePathStyle: values.S3_FORCE_PATH_STYLE ?? values.S3_ENDPOINT !== undefined,
  };
}

function resolveIdentity(values: Values, publicUrl: string, faults: string[]): Config['identity'] {
  const given = {
    OIDC_ISSUER: values.OIDC_ISSUER,
    OIDC_CLIENT_ID: values.OIDC_CLIENT_ID,
    OIDC_AUDIENCE: values.OIDC_AUDIENCE,
  };
  const missing = Object.keys(given).filter((name) => !given[name as keyof typeof given]);
  if (missing.length === Object.keys(given).length && !values.OIDC_EMAIL_CLAIM) {
    return { kind: 'embedded', clientId: 'goodtake-web', audience: `${publicUrl}/api` };
  }
  for (const name of missing) faults.push(`${name} must be set, as another OIDC_ setting is: all of them or none`);
  return {
    kind: 'issuer',
    issuer: given.OIDC_ISSUER ?? '',
    clientId: given.OIDC_CLIENT_ID ?? '',
    audience: given.OIDC_AUDIENCE ?? '',
    emailClaim: values.OIDC_EMAIL_CLAIM ?? null,
  };
}

function resolveTurn(values: Values, faults: string[]): Config['rtc']['turn'] {
  if (!values.TURN_URLS && !values.TURN_SECRET) return null;
  if (!values.TURN_URLS) faults.push('TURN_URLS must be set, as TURN_SECRET is');
  if (!values.TURN_SECRET) faults.push('TURN_SECRET must be set, as TURN_URLS is');
  return { urls: values.TURN_URLS ?? [], secret: values.TURN_SECRET ?? '' };
}
