import type { IncomingMessage } from 'node:http';
import { AppError } from '#protocol/errors.ts';

const MAX_FORM_BYTES = 4_096;

/**
 * The fields of a posted form; of a repeated field the last one counts.
 * @throws AppError `bad_request` for another kind of body, `too_large` above 4 KiB
 */
export async function readForm(request: IncomingMessage): Promise<Record<string, string>> {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded') {
    throw new AppError('bad_request', 'A form is expected.');
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_FORM_BYTES) throw new AppError('too_large', 'The form is too large.');
    chunks.push(chunk);
  }
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString('utf8')));
}

/**
 * Whether a form was sent by one of our own pages. The cookies are `SameSite=Lax` already; this also keeps other
 * origins of the same site out. Browsers send `Origin` with every form; programs without one hold no cookies to abuse.
 */
export function isSameOrigin(request: IncomingMessage, publicUrl: string): boolean {
  const { origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  return (origin === undefined || origin === publicUrl) && (site === undefined || site === 'same-origin');
}
