import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import helmet from '@fastify/helmet';
import {
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { AppError } from '#protocol/errors.ts';
import type { Logger } from '#server/log.ts';
import { admit, type AccessOptions } from './access.ts';
import { CALLER, registerCalls, type Handlers } from './calls.ts';
import { registerHealth, type ReadinessChecks } from './health.ts';
import { registerMedia, type MediaOptions } from './media.ts';
import { sendProblem } from './problem.ts';
import { createOriginGuard } from './public-origin.ts';
import { DEFAULT_HTTP_LIMITS, registerRateLimits, type HttpLimits } from './rate-limits.ts';
import { PERMISSIONS_POLICY, securityHeaders } from './security-headers.ts';
import { readWebBuild, registerWeb } from './web.ts';

/** Offered each request before the API is, after the limits; true when it has taken it. */
export type Mount = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface HttpOptions extends AccessOptions {
  publicUrl: string;
  /** Origin of the OpenID issuer; the public one when it is embedded. */
  issuerOrigin: string;
  /** Proxies whose `X-Forwarded-*` headers are believed; false for none. */
  trustProxy: readonly string[] | false;
  /** The built web application; null serves the API alone. */
  webRoot: string | null;
  handlers: Handlers;
  media: MediaOptions;
  checks: ReadinessChecks;
  mounts: readonly Mount[];
  limits?: HttpLimits;
  log: Logger;
}

/** The longest signed video address. */
const MAX_PARAM_CHARS = 1000;
/** Slow senders of headers or bodies are cut off. */
const REQUEST_TIMEOUT_MS = 60_000;
const HEADERS_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/**
 * Makes the HTTP server with every route; the caller lets it listen and closes it. `app.server` is where socket.io is
 * attached.
 * @throws Error when there is no web application at `webRoot`
 */
export async function createHttp(options: HttpOptions): Promise<FastifyInstance> {
  const { publicUrl, issuerOrigin, trustProxy, webRoot, log } = options;
  const web = webRoot === null ? null : await readWebBuild(webRoot);
  const loggerInstance: FastifyBaseLogger = log;
  const app: FastifyInstance = fastify({
    loggerInstance,
    // One line a request is written below, without query strings, tokens and slugs.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: trustProxy ? [...trustProxy] : false,
    routerOptions: { maxParamLength: MAX_PARAM_CHARS },
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    serverFactory: (handler) => createRawServer(handler, options),
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
  });

  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  app.removeContentTypeParser('text/plain');
  app.decorateRequest(CALLER, null);
  await app.register(helmet, securityHeaders({ publicUrl, issuerOrigin, scriptHashes: web?.scriptHashes ?? [] }));
  const limits = await registerRateLimits(app, options.limits ?? DEFAULT_HTTP_LIMITS);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('permissions-policy', PERMISSIONS_POLICY);
    await limits.client(request, reply);
    if (isMounted(request, reply, options.mounts)) return reply.hijack();
    // An unknown address has no level; it gets its "not found" below.
    if (request.is404) return;
    const verify = async (token: string) => {
      const identity = await options.verify(token);
      await limits.account(request, reply, identity);
      return identity;
    };
    const { access } = request.routeOptions.config;
    request.setDecorator(CALLER, await admit(request, access, { people: options.people, verify }));
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    const line = { method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) };
    if (route === '/healthz' || route === '/readyz') request.log.debug(line, 'request');
    else request.log.info(line, 'request');
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(new AppError('not_found', 'There is nothing at this address.'), request, reply),
  );

  registerCalls(app, options.handlers);
  registerMedia(app, options.media);
  registerHealth(app, options.checks);
  if (web) await registerWeb(app, web);
  await app.ready();
  return app;
}

/** Offers a request to the mounts, as if nothing were set yet: the headers so far are the web application's. */
function isMounted(
  { raw: request }: FastifyRequest,
  { raw: response }: FastifyReply,
  mounts: readonly Mount[],
): boolean {
  const set = Object.entries(response.getHeaders());
  for (const [name] of set) response.removeHeader(name);
  if (mounts.some((mount) => mount(request, response))) return true;
  for (const [name, value] of set) if (value !== undefined) response.setHeader(name, value);
  return false;
}

/** Public origin first, then everything else. */
function createRawServer(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  options: Pick<HttpOptions, 'publicUrl' | 'trustProxy'>,
) {
  const { publicUrl, trustProxy } = options;
  const redirected = createOriginGuard({ publicUrl, behindProxy: trustProxy !== false });
  return createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS },
    (request, response) => {
      if (redirected(request, response)) return;
      handler(request, response);
    },
  );
}
