import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '#protocol/errors.ts';
import { toProblem } from './problem.ts';

/** Asked by load balancers and container engines under whatever name they know. */
const ANY_HOST_PATHS = new Set(['/healthz', '/readyz']);

/**
 * Sends requests that came under another name of this server to its one public origin: a page under a second name would
 * be a second origin, with its own sign-in.
 * @param options.behindProxy whether a proxy names the host in `X-Forwarded-Host`. Who forges it could as well forge `Host`
 *   and gains nothing by it
 * @returns a function that answers such a request and says true, or leaves it alone and says false
 */
export function createOriginGuard(options: { publicUrl: string; behindProxy: boolean }) {
  const { publicUrl, behindProxy } = options;
  const { origin, host, protocol } = new URL(publicUrl);

  function askedHost(request: IncomingMessage): string | null {
    const forwarded = behindProxy ? request.headers['x-forwarded-host'] : undefined;
    const name = (Array.isArray(forwarded) ? forwarded[0] : forwarded)?.split(',')[0]?.trim() ?? request.headers.host;
    // Through URL, so that case and a default port make no difference.
    return name === undefined ? null : (URL.parse(`${protocol}//${name}`)?.host ?? null);
  }

  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const target = request.url ?? '/';
    if (askedHost(request) === host || ANY_HOST_PATHS.has(target.split('?')[0] ?? '')) return false;
    // Only a path of ours may follow the origin; "*" or an absolute form goes to the front page.
    const path = target.startsWith('/') ? target : '/';
    if (request.method === 'GET' || request.method === 'HEAD') {
      response.writeHead(308, { location: origin + path, 'cache-control': 'no-store', 'content-length': 0 });
      response.end();
      return true;
    }
    const problem = toProblem(new AppError('bad_request', `This server is reached at ${origin}.`));
    response.writeHead(problem.status, { 'content-type': 'application/problem+json', connection: 'close' });
    response.end(JSON.stringify(problem));
    return true;
  };
}
