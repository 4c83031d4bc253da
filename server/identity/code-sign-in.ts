import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';
import type { Clock } from '#server/clock.ts';
import type { Mailer } from '#server/mail/mailer.ts';
import type { IssuerRecords } from '#server/store/issuer-records.ts';
import type { OneTimeCodes } from '#server/store/one-time-codes.ts';
import type { RateCounters } from '#server/store/rate-counters.ts';
import type { Logger } from '#server/log.ts';
import { codeMail } from '#server/mail/code-mail.ts';
import { createSignInLimiter, type Asker, type SignInLimits } from './sign-in-limits.ts';

export const CODE_DIGITS = 6;
export const CODE_VALID_MS = 10 * 60_000;
const MAX_TRIES = 5;

/** What became of an attempt. `none`: no code was asked for, or it has been used already. */
export type TryResult =
  | { kind: 'signed_in'; subject: string }
  | { kind: 'wrong'; triesLeft: number }
  | { kind: 'expired' }
  | { kind: 'dead' }
  | { kind: 'none' };

export type CodeSignIn = ReturnType<typeof createCodeSignIn>;

/** Signing in by a six-digit code sent by e-mail. Every address is treated alike, known or not. */
export function createCodeSignIn(options: {
  codes: OneTimeCodes;
  counters: RateCounters;
  records: IssuerRecords;
  mailer: Mailer;
  /** Hashes codes and the keys of counters. */
  key: Buffer;
  clock: Clock;
  productName: string;
  limits: SignInLimits;
  log: Logger;
}) {
  const { codes, counters, records, mailer, key, clock, productName, limits, log } = options;

  const mac = (...parts: string[]) => createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url');

  const limiter = createSignInLimiter({ counters, mac, limits, log });

  return {
    /**
     * Mails a new code, which replaces an earlier one of the same sign-in.
     * @param request.signInId the sign-in that alone can use the code
     * @param request.email trimmed and lower case
     * @param request.asker who asks
     * @throws AppError `rate_limited`, `unavailable` when the mail was not accepted
     */
    async sendCode(request: { signInId: string; email: string; asker: Asker }): Promise<void> {
      const { signInId, email, asker } = request;
      const now = clock.now();
      await limiter.admitMail(email, asker, now);
      const code = String(randomInt(10 ** CODE_DIGITS)).padStart(CODE_DIGITS, '0');
      await codes.replace(signInId, {
        email,
        hash: mac('code', signInId, email, code),
        expiresAt: now + CODE_VALID_MS,
      });
      await mailer.send(codeMail({ to: email, code, productName, validMs: CODE_VALID_MS }));
    },

    /** The address that this sign-in's code was sent to; null when none was, or it has been used. */
    async addressOf(signInId: string): Promise<string | null> {
      return (await codes.find(signInId))?.email ?? null;
    },

    /**
     * Counts one attempt, whatever comes of it. A right code is used up by it.
     * @throws AppError `rate_limited` when too many wrong ones came from there; the code keeps its tries
     */
    async tryCode(signInId: string, code: string, asker: Asker): Promise<TryResult> {
      const now = clock.now();
      const takeBack = await limiter.admitTry(asker, now);
      const live = await codes.countTry(signInId, { now, maxTries: MAX_TRIES });
      if (!live) {
        const known = await codes.find(signInId);
        if (!known) return { kind: 'none' };
        return { kind: known.expiresAt <= now ? 'expired' : 'dead' };
      }
      if (!equal(live.hash, mac('code', signInId, live.email, code))) {
        const triesLeft = MAX_TRIES - live.tries;
        return triesLeft > 0 ? { kind: 'wrong', triesLeft } : { kind: 'dead' };
      }
      await takeBack();
      // Two tabs with the right code at once: only one of them signs in.
      if (!(await codes.use(signInId, live.hash))) return { kind: 'none' };
      return { kind: 'signed_in', subject: await records.subjectOf(live.email, now) };
    },
  };
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
