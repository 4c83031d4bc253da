import { mkdtemp, rm } from 'node:fs/promises';
import { request, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errors, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { AppError } from '#protocol/errors.ts';
import type { Identity } from '#server/accounts/people.ts';

/** The name that the server under test believes to be reached at; the socket goes to 127.0.0.1. */
export const PUBLIC_URL = 'http://interviews.test';
const ISSUER = 'https://issuer.test/';
const AUDIENCE = 'https://interviews.test/api';

export interface Reply<T = unknown> {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  text: string;
  /** The parsed body, when it is JSON. */
  body: T;
}

export interface CallOptions {
  token?: string | undefined;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Makes one request on a connection of its own. */
export function callServer<T>(
  port: number,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Reply<T>> {
  const { token, body, headers } = options;
  const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...{ host: '127.0.0.1', port, method, path, agent: false },
        headers: {
          host: new URL(PUBLIC_URL).host,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(payload === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
          ...headers,
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const text = bytes.toString();
          const json = /json/.test(incoming.headers['content-type'] ?? '') && text !== '';
          const { statusCode: status = 0, headers: got } = incoming;
          resolve({ status, headers: got, bytes, text, body: (json ? JSON.parse(text) : undefined) as T });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

/** An issuer of real signed tokens, and the verifier that goes with it. */
export async function createTestIssuer() {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const forger = await generateKeyPair('RS256');

  function sign(subject: string, options: { verified?: boolean; expired?: boolean; forged?: boolean } = {}) {
    const { verified = true, expired = false, forged = false } = options;
    return new SignJWT({ email: `${subject}@example.org`, email_verified: verified })
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime(expired ? '-1 minute' : '10 minutes')
      .sign(forged ? forger.privateKey : privateKey);
  }

  async function verify(token: string): Promise<Identity> {
    try {
      const { payload } = await jwtVerify(token, publicKey, { issuer: ISSUER, audience: AUDIENCE });
      return {
        issuer: ISSUER,
        subject: payload.sub ?? '',
        email: typeof payload['email'] === 'string' ? payload['email'] : null,
        emailVerified: payload['email_verified'] === true,
        expiresAt: (payload.exp ?? 0) * 1000,
      };
    } catch (error) {
      const expired = error instanceof errors.JWTExpired;
      throw new AppError(expired ? 'token_expired' : 'unauthenticated', 'Please sign in.', { cause: error });
    }
  }
  return { sign, verify };
}

/** A folder of the test's own, removed by the returned function. */
export async function makeFolder(): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'goodtake-http-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** The port that a listening server has been given. */
export function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a port');
  return address.port;
}
