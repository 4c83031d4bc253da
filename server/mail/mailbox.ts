import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '#server/clock.ts';
import type { KeptMail, Mail } from './mail.ts';
import { mailboxPage, mailPage } from './mailbox-pages.ts';

const MAILS_KEPT = 200;
const PATH = '/dev/mailbox';
const FORWARDING_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'] as const;
const LOOPBACK = /^(?:::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/;

export interface Mailbox {
  add(mail: Mail & { from: string }): void;
  /** Newest first. */
  list(): readonly KeptMail[];
  /**
   * Answers `/dev/mailbox`, `/dev/mailbox.json` and each mail's own page.
   * @returns false when the path is not the mailbox's; the request is then untouched
   */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
}

/**
 * The development mailbox: the last 200 mails, in memory, readable on this machine only. Mount it only where no SMTP
 * server is set.
 * @param options.publicUrl the product's origin: requests for any other host are refused (DNS rebinding)
 */
export function createMailbox(options: { publicUrl: string; productName: string; clock: Clock }): Mailbox {
  const { productName, clock } = options;
  const host = new URL(options.publicUrl).host;
  let mails: KeptMail[] = [];
  let nextId = 1;

  function answer(path: string): { type: string; body: string } | null {
    if (path === PATH || path === `${PATH}/`) {
      return { type: 'text/html; charset=utf-8', body: mailboxPage({ mails, productName }) };
    }
    if (path === `${PATH}.json`) return { type: 'application/json', body: JSON.stringify(mails) };
    const [, id, html] = /^\/dev\/mailbox\/(\d{1,9})(\/html)?$/.exec(path) ?? [];
    const mail = mails.find((one) => String(one.id) === id);
    if (!mail) return null;
    return { type: 'text/html; charset=utf-8', body: html ? mail.html : mailPage({ mail, productName }) };
  }

  return {
    add(mail) {
      const kept = { ...mail, code: mail.code ?? null, id: nextId++, at: clock.now() };
      mails = [kept, ...mails].slice(0, MAILS_KEPT);
    },

    list: () => mails,

    handle(request, response) {
      const path = (request.url ?? '').split('?', 1)[0] ?? '';
      if (path !== `${PATH}.json` && path !== PATH && !path.startsWith(`${PATH}/`)) return false;
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
      const found = answer(path);
      if (!found) return refuse(response, 404, 'There is no such mail.\n');
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

function refuse(response: ServerResponse, status: number, text: string): true {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(text);
  return true;
}
