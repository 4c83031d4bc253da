import type { FastifyInstance, FastifyRequest } from 'fastify';
import type * as z from 'zod';
import { AppError } from '#protocol/errors.ts';
import { routes, type Access, type Route, type RouteName, type RouteReply } from '#protocol/routes.ts';
import type { Caller, CallerOf } from './access.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call; a route without it is refused to everybody. */
    access?: Access;
  }
}

type Parsed<R, K extends string> = R extends Record<K, infer S extends z.ZodType> ? z.output<S> : undefined;

/** A call whose parts have passed their schemas, by somebody who may make it. */
export interface Call<N extends RouteName> {
  params: Parsed<(typeof routes)[N], 'params'>;
  query: Parsed<(typeof routes)[N], 'query'>;
  body: Parsed<(typeof routes)[N], 'body'>;
  caller: CallerOf[(typeof routes)[N]['access']];
}

/** One function for each route of the contract. */
export type Handlers = { [N in RouteName]: (call: Call<N>) => RouteReply<N> | Promise<RouteReply<N>> };

/** The request decoration that holds the {@link Caller}. */
export const CALLER = 'goodtakeCaller';

const BODY_LIMIT_BYTES = 64 * 1024;
/** Fits 5000 addresses of the greatest length and 50 questions. */
const INTERVIEW_BODY_LIMIT_BYTES = 2 * 1024 * 1024;
const LARGE_BODIES: ReadonlySet<RouteName> = new Set(['createInterview', 'putInterview']);

/** Registers every route of the contract: parse, handle, and answer only with what the reply's schema knows. */
export function registerCalls(app: FastifyInstance, handlers: Handlers): void {
  for (const name of Object.keys(routes) as RouteName[]) registerCall(app, name, handlers);
}

function registerCall<N extends RouteName>(app: FastifyInstance, name: N, handlers: Handlers): void {
  const route: Route = routes[name];
  const handle: Handlers[N] = handlers[name];
  app.route({
    method: route.method,
    url: route.path,
    config: { access: route.access },
    bodyLimit: LARGE_BODIES.has(name) ? INTERVIEW_BODY_LIMIT_BYTES : BODY_LIMIT_BYTES,
    handler: async (request, reply) => {
      const result = await handle(parseCall<N>(route, request));
      return reply.header('cache-control', 'no-store').send(route.reply.parse(result));
    },
  });
}

function parseCall<N extends RouteName>(route: Route, request: FastifyRequest): Call<N> {
  // The one place where the loosely typed request becomes the typed call: its schemas have just said so.
  return {
    // An address that no thing can have is the address of nothing.
    params: parsePart(route.params, request.params, 'not_found'),
    query: parsePart(route.query, request.query, 'bad_request'),
    body: parsePart(route.body, request.body ?? undefined, 'bad_request'),
    caller: request.getDecorator<Caller>(CALLER),
  } as Call<N>;
}

function parsePart(schema: z.ZodType | undefined, part: unknown, code: 'bad_request' | 'not_found'): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(part);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys.slice(0, 1)] : (issue?.path ?? []);
  const field = path.join('.');
  const message = `${field === '' ? 'The request' : field}: ${issue?.message ?? 'is not valid'}`;
  throw new AppError(code, code === 'not_found' ? 'There is nothing at this address.' : message, {
    ...(field === '' ? {} : { field }),
    cause: parsed.error,
  });
}
