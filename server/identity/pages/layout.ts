import { createHash } from 'node:crypto';
import { escapeHtml } from '#server/mail/html.ts';
import { STYLE } from './style.ts';

const styleHash = createHash('sha256').update(STYLE).digest('base64');

/** Headers of every page of the issuer: no script, nothing from elsewhere, never in a frame, never in a cache. */
export const PAGE_HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'Cache-Control': 'no-store',
  // Not `no-referrer`: forms would then be sent with `Origin: null`, which the check of their origin refuses.
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

/**
 * A whole page.
 * @param page.title plain text
 * @param page.body HTML, already escaped
 */
export function renderPage(page: { title: string; body: string; productName: string }): string {
  const name = escapeHtml(page.productName);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(page.title)} · ${name}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="brand">${name}</p>
<section class="card">
${page.body}
</section>
</main>
</body>
</html>
`;
}

/** A sentence that says what went wrong; read out at once. Empty when there is none. */
export function alertBox(message: string | null): string {
  return message === null ? '' : `<p class="alert" id="problem" role="alert">${escapeHtml(message)}</p>`;
}
