import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '#server/clock.ts';
import type { KeptMail, Mail } from './mail.ts';
import { mailboxPage, mailPage } from './mailbox-pages.ts';

const MAILS_KEPT = 200;
const PATH = '/dev/mailbox';
const COOKIE = 'mailbox';
const COOKIE_VALUE = /(?:^|;\s*)mailbox=([\w-]{1,64})(?:;|$)/;
const TOKEN_BYTES = 24;
const FORWARDING_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'] as const;
const LOOPBACK = /^(?:::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/;

const WHERE = 'The address of the development mailbox was printed when the server started. Open that one.';

export interface Mailbox {
  /** The path to read it at, with its token: for the terminal of who started the server, and for no page or log. */
  readonly path: string;
  add(mail: Mail & { from: string }): void;
  /** Newest first. */
  list(): readonly KeptMail[];
  /**
   * Answers {@link Mailbox.path}, `<path>.json` and each mail's own page below it. `/dev/mailbox` alone leads there in a
   * browser that has been there, and says where to find the address in any other.
   * @returns false when the path is not the mailbox's; the request is then untouched
   */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
}

/**
 * The development mailbox: the last 200 mails, in memory. Only programs of this machine reach it, and only with its
 * token, a new one at each start: a proxy on this machine may pass strangers' requests on and name none of them. Mount it
 * only where no SMTP server is set and the product's origin is this machine's own.
 * @param options.publicUrl the product's origin: requests for any other host are refused (DNS rebinding)
 */
export function createMailbox(options: { publicUrl: string; productName: string; clock: Clock }): Mailbox {
  const { productName, clock } = options;
  const host = new URL(options.publicUrl).host;
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const home = `${PATH}/${token}`;
  let mails: KeptMail[] = [];
  let nextId = 1;

  /** What lies at a path below the token's. */
  function answer(rest: string): { type: string; body: string } | null {
    if (rest === '' || rest === '/') {
      return { type: 'text/html; charset=utf-8', body: mailboxPage({ mails, productName, home }) };
    }
    if (rest === '.json') return { type: 'application/json', body: JSON.stringify(mails) };
    const [, id, html] = /^\/(\d{1,9})(\/html)?$/.exec(rest) ?? [];
    const mail = mails.find((one) => String(one.id) === id);
    if (!mail) return null;
    return { type: 'text/html; charset=utf-8', body: html ? mail.html : mailPage({ mail, productName, home }) };
  }

  return {
    path: home,

    add(mail) {
      const kept = { ...mail, code: mail.code ?? null, id: nextId++, at: clock.now() };
      mails = [kept, ...mails].slice(0, MAILS_KEPT);
    },

    list: () => mails,

    handle(request, response) {
      const path = (request.url ?? '').split('?', 1)[0] ?? '';
      if (path !== PATH && !path.startsWith(`${PATH}/`)) return false;
      response.setHeader('Cache-Control', 'no-store');
      response.setHeader('X-Content-Type-Options', 'nosniff');
      // A mail's own HTML is shown in a frame without scripts, forms or an origin.
      response.setHeader(
        'Content-Security-Policy',
        `default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'${path.endsWith('/html') ? '; sandbox' : ''}`,
      );
      if (!isLocal(request, host)) return refuse(response, 403, 'The development mailbox is for this machine only.\n');
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return refuse(response, 405, 'Only GET is answered.\n');
      const [, given = '', rest = ''] = /^\/dev\/mailbox\/([\w-]{1,64})(.*)$/.exec(path) ?? [];
      if (!isSame(given, token)) {
        const remembered = COOKIE_VALUE.exec(request.headers.cookie ?? '')?.[1] ?? '';
        const atEntrance = path === PATH || path === `${PATH}/`;
        if (!atEntrance || !isSame(remembered, token)) return refuse(response, 403, `${WHERE}\n`);
        response.writeHead(303, { Location: home });
        response.end();
        return true;
      }
      const found = answer(rest);
      if (!found) return refuse(response, 404, 'There is no such mail.\n');
      response.setHeader('Set-Cookie', `${COOKIE}=${token}; Path=${PATH}; HttpOnly; SameSite=Strict`);
      response.setHeader('Referrer-Policy', 'no-referrer');
      response.writeHead(200, { 'Content-Type': found.type });
      response.end(request.method === 'HEAD' ? undefined : found.body);
      return true;
    },
  };
}

/** Made on this machine, for the product's own name, and not passed on by a proxy. */
function isLocal(request: IncomingMessage, host: string): boolean {
  return (
    LOOPBACK.test(request.socket.remoteAddress ?? '') &&
    request.headers.host === host &&
    FORWARDING_HEADERS.every((name) => request.headers[name] === undefined)
  );
}

/** Compared by their hashes, so that the time it takes says nothing. */
function isSame(given: string, wanted: string): boolean {
  const [left, right] = [given, wanted].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}

function refuse(response: ServerResponse, status: number, text: string): true {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(text);
  return true;
}
