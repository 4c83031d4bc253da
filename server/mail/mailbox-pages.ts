import { escapeHtml } from './html.ts';
import type { KeptMail } from './mail.ts';

const REFRESH_S = 5;

const STYLE = `
:root { color-scheme: light dark; --ink: #14201b; --paper: #faf9f5; --surface: #fff; --line: #dcdcd2; --muted: #5b665f; --accent: #0f6b4f; --soft: #e3f1ea; }
@media (prefers-color-scheme: dark) { :root { --ink: #edf1ec; --paper: #101512; --surface: #19201c; --line: #2e3832; --muted: #a3afa8; --accent: #4cc79b; --soft: #17352a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif; }
main { max-width: 760px; margin: 0 auto; padding: 32px 16px 64px; }
h1 { font-size: 1.5rem; margin: 0 0 4px; overflow-wrap: anywhere; }
p { margin: 0 0 16px; }
.muted { color: var(--muted); font-size: .94rem; }
ol { list-style: none; margin: 24px 0 0; padding: 0; display: grid; gap: 12px; }
li a, article { display: flex; gap: 16px; align-items: center; justify-content: space-between; flex-wrap: wrap; padding: 16px 20px; background: var(--surface); border: 1px solid var(--line); border-radius: 14px; color: inherit; text-decoration: none; }
li a:hover { border-color: var(--accent); }
a:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
.what { min-width: 0; overflow-wrap: anywhere; }
.code { padding: 6px 14px; border-radius: 10px; background: var(--soft); color: var(--accent); font-size: 1.5rem; font-weight: 700; letter-spacing: .16em; font-variant-numeric: tabular-nums; }
article { display: block; margin-top: 16px; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; }
iframe { width: 100%; height: 420px; margin-top: 16px; border: 1px solid var(--line); border-radius: 14px; background: #fff; }
main p a { color: var(--accent); }
`;

function page(options: { title: string; body: string; refresh?: boolean }): string {
  const refresh = options.refresh ? `<meta http-equiv="refresh" content="${REFRESH_S}">` : '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${refresh}<title>${options.title}</title>
<style>${STYLE}</style>
</head>
<body><main>${options.body}</main></body>
</html>
`;
}

const time = (at: number) => `<time>${new Date(at).toISOString().replace('T', ' ').slice(0, 19)} UTC</time>`;
const codeBadge = (code: string | null) => (code === null ? '' : `<strong class="code">${escapeHtml(code)}</strong>`);

/** The list of mails, newest first; it reloads itself. */
export function mailboxPage(options: {
  mails: readonly KeptMail[];
  productName: string;
  /** Its path. */
  home: string;
}): string {
  const rows = options.mails.map(
    (mail) => `<li><a href="${options.home}/${mail.id}">
<span class="what"><span class="muted">${time(mail.at)} · to ${escapeHtml(mail.to)}</span><br>${escapeHtml(mail.subject)}</span>
${codeBadge(mail.code)}</a></li>`,
  );
  const list = rows.length ? `<ol>${rows.join('\n')}</ol>` : '<p>No mail yet. This page reloads by itself.</p>';
  return page({
    title: `Mailbox · ${escapeHtml(options.productName)}`,
    refresh: true,
    body: `<h1>Development mailbox</h1>
<p class="muted">No mail server is set, so mails are kept here. Only this machine can see them.</p>${list}`,
  });
}

/** One mail: its code, its text and its HTML in a frame of its own. */
export function mailPage(options: { mail: KeptMail; productName: string; home: string }): string {
  const { mail } = options;
  return page({
    title: `${escapeHtml(mail.subject)} · ${escapeHtml(options.productName)}`,
    body: `<p><a href="${options.home}">All mails</a></p>
<h1>${escapeHtml(mail.subject)}</h1>
<p class="muted">${time(mail.at)} · from ${escapeHtml(mail.from)} to ${escapeHtml(mail.to)}</p>
${codeBadge(mail.code)}
<article><pre>${escapeHtml(mail.text)}</pre></article>
<iframe src="${options.home}/${mail.id}/html" title="The mail as HTML" sandbox></iframe>`,
  });
}
