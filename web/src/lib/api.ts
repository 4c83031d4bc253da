import { ERROR_STATUS, type ErrorBody, type ErrorCode } from '#protocol/errors.ts';
import {
  routes,
  type Route,
  type RouteBody,
  type RouteName,
  type RouteParams,
  type RouteQuery,
  type RouteReply,
} from '#protocol/routes.ts';
import { ApiError } from './api-error.ts';
import { auth, type Auth } from './auth.ts';

/** May be left out where the route has no such part, or one whose every field is optional. */
type Given<Key extends string, Value> = Partial<Value> extends Value ? { [K in Key]?: Value } : { [K in Key]: Value };

/** What a call of route `N` needs: its path parameters, query and body, each only where the route has one. */
export type CallOptions<N extends RouteName> = Given<'params', RouteParams<N>> &
  Given<'query', RouteQuery<N>> &
  Given<'body', RouteBody<N>> & { signal?: AbortSignal };

type Arguments<N extends RouteName> =
  Partial<CallOptions<N>> extends CallOptions<N> ? [options?: CallOptions<N>] : [options: CallOptions<N>];

export type Api = <N extends RouteName>(name: N, ...[options]: Arguments<N>) => Promise<RouteReply<N>>;

interface Call {
  params?: Record<string, string>;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  signal?: AbortSignal;
}

/** Fills `:name` parts of a route's path and appends the query; undefined values are left out. */
export function routeUrl(
  path: string,
  params: Record<string, string> = {},
  query: Record<string, string | number | undefined> = {},
): string {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  ).toString();
  return search === '' ? filled : `${filled}?${search}`;
}

/**
 * Makes the function that does all fetching: typed by the route's name, with the bearer token where the route asks
 * for one, and one retry with a renewed token when the server says that it has expired.
 * The function throws {@link ApiError}, or the signal's reason when it was aborted.
 */
export function createApi({ fetch, auth }: { fetch: typeof globalThis.fetch; auth: Pick<Auth, 'getToken'> }): Api {
  async function send(route: Route, call: Call, token: string | null): Promise<Response> {
    const headers = new Headers({ accept: 'application/json' });
    if (token !== null) headers.set('authorization', `Bearer ${token}`);
    const init: RequestInit = { method: route.method, headers, cache: 'no-store' };
    if (call.signal) init.signal = call.signal;
    if (call.body !== undefined) {
      headers.set('content-type', 'application/json');
      init.body = JSON.stringify(call.body);
    }
    try {
      return await fetch(routeUrl(route.path, call.params, call.query), init);
    } catch (cause) {
      call.signal?.throwIfAborted();
      throw new ApiError({ code: 'offline', message: 'The server cannot be reached' }, { cause });
    }
  }

  return async (name, ...[options]) => {
    const route: Route = routes[name];
    const call = (options ?? {}) as Call;
    const secured = route.access !== 'public';
    let response = await send(route, call, secured ? await auth.getToken() : null);
    if (response.status === 401 && secured) {
      response = await send(route, call, await auth.getToken({ fresh: true }));
    }
    if (!response.ok) throw new ApiError(await readProblem(response));
    return (await response.json()) as RouteReply<typeof name>;
  };
}

/** Reads problem details (RFC 9457); a proxy's own error page becomes the nearest code. */
async function readProblem(response: Response): Promise<ErrorBody> {
  try {
    const body = (await response.json()) as Partial<ErrorBody>;
    if (typeof body.code === 'string' && body.code in ERROR_STATUS)
      return { message: response.statusText, ...body } as ErrorBody;
  } catch {
    // No JSON: the answer did not come from our server.
  }
  const code: ErrorCode =
    response.status === 404 ? 'not_found' : response.status >= 500 ? 'unavailable' : 'bad_request';
  return { code, message: `The server answered ${String(response.status)}` };
}

/** The page's own API client. */
export const api = createApi({ fetch: (...request) => globalThis.fetch(...request), auth });
