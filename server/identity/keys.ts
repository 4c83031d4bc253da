import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Logger } from '#server/log.ts';
import type { IssuerRecords } from '#server/store/issuer-records.ts';

/** The one signature that the issuer makes and the verifier accepts. */
export const SIGNING_ALGORITHM = 'RS256';

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const RSA_BITS = 2048;
const SIGNING_KEY_NAME = 'signing';

/** What is derived from the installation's secret, each for one purpose. */
interface DerivedKeys {
  /** Seals the signing key in the database (AES-256-GCM). */
  sealing: Buffer;
  /** Hashes one-time codes and the keys of rate counters (HMAC). */
  codes: Buffer;
  /** Signs the issuer's cookies. */
  cookies: string;
}

/** Derives independent keys by HKDF (RFC 5869), so that no use of one says anything about another. */
export function deriveKeys(secret: string): DerivedKeys {
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', secret, '', `issuer ${purpose}`, KEY_BYTES));
  return { sealing: derive('sealing'), codes: derive('codes'), cookies: derive('cookies').toString('base64url') };
}

/**
 * The issuer's private signing key: kept sealed in the database, so that it survives a restart and is the same on every
 * server. One that cannot be opened (the secret was changed) is replaced; tokens signed with it are then refused.
 */
export async function loadSigningKey(options: { records: IssuerRecords; sealing: Buffer; log: Logger }): Promise<JWK> {
  const { records, sealing, log } = options;
  const known = await records.sealedKey(SIGNING_KEY_NAME);
  const opened = known === null ? null : unseal(known, sealing);
  if (opened) return opened;
  if (known !== null) log.warn('the signing key was sealed with another secret; a new one is made');
  const box = seal(await makeSigningKey(), sealing);
  const kept = unseal(await records.keepSealedKey(SIGNING_KEY_NAME, box, known), sealing);
  if (!kept) throw new Error('another server seals the signing key with another secret');
  return kept;
}

/** The part of a signing key that everybody may see. */
export function publicPart(key: JWK): JWK {
  const { kty, kid, use, alg, n, e } = key;
  return { kty, kid, use, alg, n, e } as JWK;
}

async function makeSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(SIGNING_ALGORITHM, { extractable: true, modulusLength: RSA_BITS });
  const key = await exportJWK(privateKey);
  return { ...key, kid: await calculateJwkThumbprint(key), use: 'sig', alg: SIGNING_ALGORITHM };
}

function seal(key: JWK, sealing: Buffer): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', sealing, iv);
  const sealed = Buffer.concat([cipher.update(JSON.stringify(key), 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64');
}

function unseal(box: string, sealing: Buffer): JWK | null {
  const bytes = Buffer.from(box, 'base64');
  try {
    const decipher = createDecipheriv('aes-256-gcm', sealing, bytes.subarray(0, IV_BYTES));
    decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const opened = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
    return JSON.parse(opened.toString('utf8')) as JWK;
  } catch {
    return null;
  }
}
