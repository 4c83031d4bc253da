import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '#protocol/errors.ts';
import type { Identity } from '#server/accounts/people.ts';

/** Requests a minute that one server process answers; far above what people with their pages can bring about. */
export interface HttpLimits {
  /** From one network address, which a whole campus may share: files of the web application and calls of the API. */
  perClient: number;
  /** Of videos, from one network address: a player asks for one in many parts. */
  mediaPerClient: number;
  /** With the tokens of one account. */
  perAccount: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = { perClient: 3_000, mediaPerClient: 12_000, perAccount: 600 };

const MINUTE_MS = 60_000;
/** Who is counted at a time; the one that has not come for longest is forgotten. */
const KEYS_KEPT = 20_000;
/** One subscriber has a whole network of so many bits. */
const IPV6_NETWORK_BITS = 64;

/** Counts a request; when it is one too many, says in `Retry-After` when the next will be answered. */
export interface RateLimits {
  /** @throws AppError `rate_limited` */
  client(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** @throws AppError `rate_limited` */
  account(request: FastifyRequest, reply: FastifyReply, identity: Identity): Promise<void>;
}

/** Registers the counters. They are in this process' memory: several servers allow as many times as much. */
export async function registerRateLimits(app: FastifyInstance, limits: HttpLimits): Promise<RateLimits> {
  await app.register(rateLimit, { global: false, timeWindow: MINUTE_MS, cache: KEYS_KEPT });
  const askers = new WeakMap<FastifyRequest, string>();
  const clientOf = (request: FastifyRequest) => normalizeIP(request.ip, IPV6_NETWORK_BITS);
  const pages = app.createRateLimit({ max: limits.perClient, keyGenerator: (request) => `c ${clientOf(request)}` });
  const videos = app.createRateLimit({
    max: limits.mediaPerClient,
    keyGenerator: (request) => `v ${clientOf(request)}`,
  });
  const accounts = app.createRateLimit({
    max: limits.perAccount,
    keyGenerator: (request) => `a ${askers.get(request) ?? ''}`,
  });

  async function count(limiter: typeof pages, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const result = await limiter(request);
    if (result.isAllowed || !result.isExceeded) return;
    reply.header('retry-after', result.ttlInSeconds);
    throw new AppError('rate_limited', 'Too many requests at once. Please wait a moment.');
  }

  return {
    client: (request, reply) => count(request.routeOptions.url === '/media/:token' ? videos : pages, request, reply),
    account(request, reply, { issuer, subject }) {
      askers.set(request, JSON.stringify([issuer, subject]));
      return count(accounts, request, reply);
    },
  };
}
