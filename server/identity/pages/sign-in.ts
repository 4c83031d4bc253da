import { escapeHtml } from '#server/mail/html.ts';
import { CODE_DIGITS, CODE_VALID_MS } from '../code-sign-in.ts';
import { alertBox, renderPage } from './layout.ts';

const VALID_MINUTES = CODE_VALID_MS / 60_000;

/** Asks for the e-mail address. */
export function addressPage(page: {
  productName: string;
  /** Where the form goes. */
  action: string;
  email: string;
  problem: string | null;
  /** Somebody who said that they are new. */
  signUp: boolean;
}): string {
  const { productName, action, email, problem, signUp } = page;
  const title = signUp ? 'Create your account' : 'Sign in';
  return renderPage({
    productName,
    title: problem === null ? title : `Error: ${title}`,
    body: `<h1>${title}</h1>
<p class="muted">Type your e-mail address and we send you a code. There is no password to remember.</p>
${alertBox(problem)}
<form method="post" action="${escapeHtml(action)}" novalidate>
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" inputmode="email" autocomplete="email" autocapitalize="none" spellcheck="false" maxlength="254" required autofocus value="${escapeHtml(email)}"${invalid(problem)}>
<button type="submit">Send me a code</button>
</form>`,
  });
}

/** Asks for the code. */
export function codePage(page: {
  productName: string;
  /** The sign-in's own address; the forms lie below it. */
  base: string;
  email: string;
  problem: string | null;
  /** A new code has just been sent. */
  resent: boolean;
  /** Where mails can be read on this machine, while developing. */
  mailboxUrl: string | null;
}): string {
  const { productName, base, email, problem, resent, mailboxUrl } = page;
  const path = escapeHtml(base);
  const notice =
    resent && problem === null
      ? '<p class="notice" role="status">A new code is on its way. The old one no longer works.</p>'
      : '';
  const mailbox =
    mailboxUrl === null
      ? ''
      : `<p class="foot">No mail server is set. Read the code in the <a href="${escapeHtml(mailboxUrl)}" target="_blank" rel="noopener">development mailbox</a>.</p>`;
  return renderPage({
    productName,
    title: problem === null ? 'Type your code' : 'Error: Type your code',
    body: `<h1>Check your mail</h1>
<p class="muted">We sent a code of ${CODE_DIGITS} digits to <span class="address">${escapeHtml(email)}</span>. It is valid for ${VALID_MINUTES} minutes.</p>
${notice}${alertBox(problem)}
<form method="post" action="${path}/code" novalidate>
<label for="code">Code</label>
<input class="digits" id="code" name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]*" maxlength="12" required autofocus${invalid(problem)}>
<button type="submit">Continue</button>
</form>
<div class="more">
<form method="post" action="${path}/resend"><button type="submit">Send a new code</button></form>
<a href="${path}">Use another address</a>
</div>
${mailbox}`,
  });
}

/** Says that something cannot go on, and where to go now: by default, to start again. */
export function stopPage(page: {
  productName: string;
  title: string;
  message: string;
  homeUrl: string;
  linkLabel?: string;
}): string {
  return renderPage({
    productName: page.productName,
    title: page.title,
    body: `<h1>${escapeHtml(page.title)}</h1>
<p class="muted" role="alert">${escapeHtml(page.message)}</p>
<a class="button" href="${escapeHtml(page.homeUrl)}">${escapeHtml(page.linkLabel ?? 'Start again')}</a>`,
  });
}

function invalid(problem: string | null): string {
  return problem === null ? '' : ' aria-invalid="true" aria-describedby="problem"';
}
