import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';
import { email as emailSchema } from '#protocol/common.ts';
import { AppError } from '#protocol/errors.ts';
import type { ClientAddress } from './client-address.ts';
import { CODE_DIGITS, type CodeSignIn, type TryResult } from './code-sign-in.ts';
import { isSameOrigin, readForm } from './form.ts';
import { invitationOf } from './invitation.ts';
import type { KnownBrowser } from './known-browser.ts';
import { PAGE_HEADERS } from './pages/layout.ts';
import { addressPage, codePage, stopPage } from './pages/sign-in.ts';
import type { Asker } from './sign-in-limits.ts';

const addressForm = z.object({ email: emailSchema });
const codeForm = z.object({
  code: z
    .string()
    .max(40)
    .transform((code) => code.replace(/[\s-]/g, ''))
    .pipe(z.string().length(CODE_DIGITS).regex(/^\d+$/)),
});

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/** One request to a sign-in's pages. */
interface Visit {
  request: IncomingMessage;
  response: ServerResponse;
  details: Interaction;
  /** The path of this sign-in's first page, as the browser sees it. */
  base: string;
  query: URLSearchParams;
}

/**
 * The pages of a sign-in, at `/oidc/interaction/<uid>`: address, code, resend. They belong to one browser: the uid in
 * the path has to be the one in the provider's signed, same-site cookie.
 */
export function createInteractionPages(options: {
  provider: Provider;
  signIn: CodeSignIn;
  publicUrl: string;
  productName: string;
  clientAddress: ClientAddress;
  knownBrowser: KnownBrowser;
  devMailbox: boolean;
  /** The path before `/interaction`, as the browser sees it. */
  mountPath: string;
}) {
  const { provider, signIn, publicUrl, productName, clientAddress, knownBrowser, devMailbox, mountPath } = options;
  const mailboxUrl = devMailbox ? '/dev/mailbox' : null;

  function showAddress(visit: Visit, shown: { email: string; problem: string | null; status?: number }): void {
    const signUp = visit.details.params['screen_hint'] === 'signup';
    const { email, problem } = shown;
    send(visit.response, shown.status ?? 200, addressPage({ productName, action: visit.base, email, problem, signUp }));
  }

  async function showCode(visit: Visit, problem: string | null, status = 200): Promise<void> {
    const email = await signIn.addressOf(visit.details.uid);
    if (email === null) return redirect(visit.response, visit.base);
    const resent = visit.query.has('resent');
    send(visit.response, status, codePage({ productName, base: visit.base, email, problem, resent, mailboxUrl }));
  }

  async function sendCode(visit: Visit, email: string): Promise<AppError | null> {
    try {
      await signIn.sendCode({ signInId: visit.details.uid, email, asker: askerOf(visit, email) });
      return null;
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
  }

  async function tryCode(uid: string, code: string, asker: Asker): Promise<TryResult | AppError> {
    try {
      return await signIn.tryCode(uid, code, asker);
    } catch (error) {
      if (error instanceof AppError && error.code === 'rate_limited') return error;
      throw error;
    }
  }

  const askerOf = ({ request }: Visit, email: string): Asker => ({
    client: clientAddress(request),
    browser: knownBrowser.read(request, email),
  });

  const steps: Record<string, (visit: Visit) => Promise<void>> = {
    async 'GET '(visit) {
      const hint = visit.details.params['login_hint'];
      const email = (await signIn.addressOf(visit.details.uid)) ?? emailSchema.safeParse(hint).data ?? '';
      showAddress(visit, { email, problem: null });
    },

    async 'POST '(visit) {
      const form = await readForm(visit.request);
      const parsed = addressForm.safeParse(form);
      const typed = (form['email'] ?? '').slice(0, 254);
      if (!parsed.success) {
        const problem = 'Please type a whole e-mail address, such as maria@example.org.';
        return showAddress(visit, { email: typed, problem, status: 400 });
      }
      const refusal = await sendCode(visit, parsed.data.email);
      if (refusal) return showAddress(visit, { email: typed, problem: refusal.message, status: refusal.status });
      redirect(visit.response, `${visit.base}/code`);
    },

    'GET /code': (visit) => showCode(visit, null),

    async 'POST /code'(visit) {
      const parsed = codeForm.safeParse(await readForm(visit.request));
      if (!parsed.success) return showCode(visit, `Please type the ${CODE_DIGITS} digits from the mail.`, 400);
      const { uid } = visit.details;
      const email = await signIn.addressOf(uid);
      if (email === null) return redirect(visit.response, visit.base);
      const result = await tryCode(uid, parsed.data.code, askerOf(visit, email));
      if (result instanceof AppError) return showCode(visit, result.message, result.status);
      if (result.kind !== 'signed_in') return showCode(visit, problemOf(result), 400);
      visit.response.appendHeader('Set-Cookie', knownBrowser.cookieFor(email));
      const login = { accountId: result.subject, amr: ['otp'], remember: true };
      await provider.interactionFinished(visit.request, visit.response, { login }, { mergeWithLastSubmission: false });
    },

    async 'POST /resend'(visit) {
      const email = await signIn.addressOf(visit.details.uid);
      if (email === null) return redirect(visit.response, visit.base);
      const refusal = await sendCode(visit, email);
      if (refusal) return showCode(visit, refusal.message, refusal.status);
      redirect(visit.response, `${visit.base}/code?resent`);
    },
  };

  function stop(response: ServerResponse, status: number, title: string, message: string): void {
    send(response, status, stopPage({ productName, title, message, homeUrl: `${publicUrl}/` }));
  }

  /** Mostly somebody who is signed in already and has gone back; the server cannot tell from one who was too slow. */
  function stopOver(request: IncomingMessage, response: ServerResponse): void {
    const invitation = invitationOf(request);
    const page = stopPage({
      productName,
      title: 'This sign-in is over',
      message: 'You have signed in already, or it was open for too long. Nothing is lost: go back, and go on there.',
      homeUrl: new URL(invitation ?? '/', publicUrl).href,
      linkLabel: invitation === null ? 'To the home page' : 'Back to the interview',
    });
    send(response, 400, page);
  }

  /** Answers a request whose path begins with `/interaction/` (the mount path already taken off). */
  return async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', publicUrl);
    const [, uid, rest] = /^\/interaction\/([\w-]{1,64})(\/code|\/resend|)\/?$/.exec(url.pathname) ?? [];
    const step = steps[`${request.method} ${rest}`];
    if (uid === undefined || !step) return stop(response, 404, 'No such page', 'The address of this page is wrong.');
    if (request.method === 'POST' && !isSameOrigin(request, publicUrl)) {
      return stop(response, 403, 'Not allowed', 'This form was sent from another site.');
    }
    let details: Interaction;
    try {
      details = await provider.interactionDetails(request, response);
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error;
      return stopOver(request, response);
    }
    if (details.uid !== uid) {
      return stopOver(request, response);
    }
    await step({ request, response, details, base: `${mountPath}/interaction/${uid}`, query: url.searchParams });
  };
}

function problemOf(result: Exclude<TryResult, { kind: 'signed_in' }>): string {
  switch (result.kind) {
    case 'wrong':
      return `That is not the code. You can try ${result.triesLeft === 1 ? 'once' : `${result.triesLeft} times`} more.`;
    case 'dead':
      return 'That was one try too many. Please ask for a new code.';
    case 'expired':
      return 'This code has expired. Please ask for a new one.';
    case 'none':
      return 'This code has been used. Please ask for a new one.';
  }
}

function send(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, PAGE_HEADERS);
  response.end(html);
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { Location: location, 'Cache-Control': 'no-store' });
  response.end();
}
