import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { AppError } from '#protocol/errors.ts';

/** The page that adapter-static writes for every address that it has no file for. */
const FALLBACK_PAGE = '200.html';
/** Files whose names change with their content. */
const IMMUTABLE_FOLDER = '_app/immutable/';
const YEAR_MS = 365 * 24 * 3_600_000;

/** The built web application. */
export interface WebBuild {
  root: string;
  page: string;
  /** Paths inside the root, with `/` between their parts. */
  files: ReadonlySet<string>;
  /** CSP hashes of the page's inline scripts, quotes included. */
  scriptHashes: string[];
}

/**
 * Reads what the web application's build has written.
 * @throws Error when there is no build at `root`
 */
export async function readWebBuild(root: string): Promise<WebBuild> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
  const page = await readFile(join(root, FALLBACK_PAGE), 'utf8');
  // Kit names the hashes of its own inline script in the page; the header has to allow the same.
  const scriptHashes = [...new Set(page.match(/'sha(?:256|384|512)-[A-Za-z0-9+/=]+'/g) ?? [])];
  return { root, page, files: new Set(files), scriptHashes };
}

/** Serves the web application: its files, and its one page for every other address that a browser may ask for. */
export async function registerWeb(app: FastifyInstance, build: WebBuild): Promise<void> {
  await app.register(fastifyStatic, { root: build.root, serve: false });
  app.route<{ Params: { '*': string } }>({
    method: ['GET', 'HEAD'],
    url: '/*',
    config: { access: 'public' },
    handler: (request, reply) => {
      const path = request.params['*'];
      if (build.files.has(path) && path !== FALLBACK_PAGE) {
        return path.startsWith(IMMUTABLE_FOLDER)
          ? reply.sendFile(path, { maxAge: YEAR_MS, immutable: true })
          : reply.sendFile(path, { cacheControl: false }).header('cache-control', 'no-cache');
      }
      // A missing file of a former build, an unknown API address: a page would only hide the fault.
      if (/^(_app|api|media|oidc|dev|socket\.io)(\/|$)/.test(path))
        throw new AppError('not_found', 'There is nothing at this address.');
      return reply.header('cache-control', 'no-cache').type('text/html; charset=utf-8').send(build.page);
    },
  });
}
