import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose';
import Provider from 'oidc-provider';
import { AppError } from '#protocol/errors.ts';
import type { Clock } from '#server/clock.ts';
import type { Logger } from '#server/log.ts';
import type { Mailer } from '#server/mail/mailer.ts';
import type { Store } from '#server/store/connect.ts';
import { createIssuerRecords } from '#server/store/issuer-records.ts';
import { createOidcPayloads } from '#server/store/oidc-payloads.ts';
import { createOneTimeCodes } from '#server/store/one-time-codes.ts';
import { createRateCounters } from '#server/store/rate-counters.ts';
import { createClientAddress } from './client-address.ts';
import { createCodeSignIn } from './code-sign-in.ts';
import { createInteractionPages } from './interaction-pages.ts';
import { deriveKeys, loadSigningKey, publicPart } from './keys.ts';
import { createKnownBrowser } from './known-browser.ts';
import { createProviderAdapter } from './provider-adapter.ts';
import { providerConfig } from './provider-config.ts';
import { addAuth0Routes } from './provider-routes.ts';
import { DEFAULT_SIGN_IN_LIMITS, type SignInLimits } from './sign-in-limits.ts';
import { createTokenVerifier } from './token-verifier.ts';

const MOUNT_PATH = '/oidc';

export interface EmbeddedIssuer {
  /** As it stands in the tokens: with a slash at the end. */
  issuer: string;
  /**
   * Answers everything under `/oidc`.
   * @returns false when the path is not the issuer's; the request is then untouched
   */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /** The issuer's keys for a token verifier in the same process. */
  keyResolver: JWTVerifyGetKey;
  /** Resolves when the requests under way have been answered; later ones are refused. */
  close(): Promise<void>;
}

export interface EmbeddedIssuerOptions {
  /** The product's one origin. */
  publicUrl: string;
  clientId: string;
  /** Our API, an absolute URI. */
  audience: string;
  /** The installation's secret; keys of the issuer are derived from it or sealed with it. */
  secret: string;
  connection: Store['connection'];
  mailer: Mailer;
  clock: Clock;
  log: Logger;
  productName: string;
  /** The proxies whose `X-Forwarded-For` is believed; none by default. */
  trustProxy?: readonly string[] | false;
  /** Whether the page that asks for a code points to the development mailbox. */
  devMailbox?: boolean;
  limits?: SignInLimits;
}

/**
 * An OpenID Connect issuer inside this server, shaped like an Auth0 tenant, where one signs in by a code sent by e-mail.
 * Its models are made on the connection: create the indexes afterwards.
 */
export async function createEmbeddedIssuer(options: EmbeddedIssuerOptions): Promise<EmbeddedIssuer> {
  const { clientId, audience, connection, mailer, clock, productName } = options;
  const { trustProxy = false, devMailbox = false, limits = DEFAULT_SIGN_IN_LIMITS } = options;
  const { origin: publicUrl, host, protocol } = new URL(options.publicUrl);
  const log = options.log.child({ part: 'issuer' });
  const issuer = `${publicUrl}${MOUNT_PATH}/`;

  const payloads = createOidcPayloads(connection);
  const codes = createOneTimeCodes(connection);
  const counters = createRateCounters(connection);
  const records = createIssuerRecords(connection);
  const keys = deriveKeys(options.secret);
  const signingKey = await loadSigningKey({ records, sealing: keys.sealing, log });
  const keyResolver = createLocalJWKSet({ keys: [publicPart(signingKey)] });

  const adapter = createProviderAdapter({ payloads, clock });
  const provider = new Provider(
    issuer,
    providerConfig({
      publicUrl,
      clientId,
      audience,
      productName,
      adapter,
      records,
      signingKey,
      cookieKey: keys.cookies,
    }),
  );
  // The public origin is set on every request below, whatever a proxy or a client says.
  provider.proxy = true;
  provider.silent = true;
  provider.on('server_error', (_ctx, error) => log.error({ err: error }, 'the issuer failed'));
  // What happens outside the provider's own routes is reported by Koa, whose event its types leave out.
  (provider as EventEmitter).on('error', (error: unknown) => log.error({ err: error }, 'the issuer failed'));
  provider.on('grant.error', (_ctx, error) =>
    log.info({ reason: error.error_detail ?? error.error_description }, 'grant refused'),
  );

  const verifier = createTokenVerifier({ issuer, audience, clock, keyResolver });
  addAuth0Routes({ provider, payloads, verifier, clientId, publicUrl, productName });
  const signIn = createCodeSignIn({
    codes,
    counters,
    records,
    mailer,
    key: keys.codes,
    clock,
    productName,
    limits,
    log,
  });
  const mountPath = MOUNT_PATH;
  const clientAddress = createClientAddress(trustProxy);
  const pages = createInteractionPages({
    provider,
    signIn,
    publicUrl,
    productName,
    clientAddress,
    knownBrowser: createKnownBrowser({ key: keys.codes, publicUrl, mountPath }),
    devMailbox,
    mountPath,
  });
  const respond = provider.callback();
  const underWay = new Set<Promise<void>>();
  let closed = false;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (request.url?.startsWith('/interaction/')) await pages(request, response);
      else await respond(request, response);
    } catch (error) {
      if (response.destroyed) return;
      const status = error instanceof AppError ? error.status : 500;
      if (status >= 500) log.error({ err: error }, 'the issuer failed');
      if (!response.headersSent) response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(error instanceof AppError ? `${error.message}\n` : 'Something went wrong. Please try again.\n');
    }
  }

  return {
    issuer,
    keyResolver,

    handle(request, response) {
      const url = request.url ?? '/';
      if (url !== MOUNT_PATH && !/^\/oidc[/?]/.test(url)) return false;
      if (closed) {
        response.writeHead(503, { 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': '5' });
        response.end('The server is stopping.\n');
        return true;
      }
      // The provider finds the path it is mounted on by comparing the two.
      Object.assign(request, { originalUrl: url });
      request.url = url.slice(MOUNT_PATH.length).replace(/^(?!\/)/, '/');
      request.headers.host = host;
      request.headers['x-forwarded-host'] = host;
      request.headers['x-forwarded-proto'] = protocol.slice(0, -1);
      const work = answer(request, response).finally(() => underWay.delete(work));
      underWay.add(work);
      return true;
    },

    async close() {
      closed = true;
      await Promise.allSettled(underWay);
    },
  };
}
