import { AppError } from '#protocol/errors.ts';
import type { Logger } from '#server/log.ts';
import type { RateCounters } from '#server/store/rate-counters.ts';

const MINUTE_MS = 60_000;
const QUARTER_HOUR_MS = 15 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Above the limit on everybody's wrong codes, who has already been wrong so often has to wait. */
const WRONG_CODES_WHILE_ATTACKED = 3;

/**
 * How much may be asked for. One address' mails and one client's are limited apart, so that a stranger who names an
 * address cannot use up what its owner may ask for; a client is a network address, which many people may share.
 */
export interface SignInLimits {
  /** Mails to one address that one client, or one browser known to belong to the address, may ask for. */
  mailsPerAddressAndClient: number;
  /** Mails that one client may ask for, to whomever. */
  mailsPerClient: number;
  /** Mails to one address a day, whoever asks, before a growing delay lies between them: a minute to a quarter hour. */
  mailsPerAddressAndDay: number;
  /** Wrong codes from one client, whatever address they are for. */
  wrongCodesPerClient: number;
  /** Wrong codes from everybody; above it a client may be wrong three times only. */
  wrongCodesInAll: number;
}

/** Where nothing else is said, in a quarter of an hour. */
export const DEFAULT_SIGN_IN_LIMITS: SignInLimits = {
  mailsPerAddressAndClient: 10,
  mailsPerClient: 100,
  mailsPerAddressAndDay: 30,
  wrongCodesPerClient: 50,
  wrongCodesInAll: 1_000,
};

/** Who asks: the network address, and the name of a browser that has proved the mail address before. */
export interface Asker {
  client: string;
  browser: string | null;
}

export type SignInLimiter = ReturnType<typeof createSignInLimiter>;

/** Counts what is asked for in the database. Every address is treated alike, known or not. */
export function createSignInLimiter(options: {
  counters: RateCounters;
  /** A keyed hash: counters hold no address in the clear. */
  mac: (...parts: string[]) => string;
  limits: SignInLimits;
  log: Logger;
}) {
  const { counters, mac, limits, log } = options;
  const askerKey = ({ client, browser }: Asker) => (browser === null ? mac('client', client) : mac('browser', browser));

  /** How long until the next mail to an address may leave, after `count` of them today. */
  async function delay(address: string, count: number, now: number): Promise<number> {
    const over = count - limits.mailsPerAddressAndDay;
    if (over <= 0) return 0;
    const windowMs = Math.min(QUARTER_HOUR_MS, MINUTE_MS * 2 ** (over - 1));
    return counters.hit([{ key: `${address}:delay:${windowMs}`, max: 1, windowMs }], now);
  }

  return {
    /** @throws AppError `rate_limited` when no mail may be sent now */
    async admitMail(email: string, asker: Asker, now: number): Promise<void> {
      const address = `mail:${mac('address', email)}`;
      const own = { key: `${address}:${askerKey(asker)}:q`, max: limits.mailsPerAddressAndClient };
      const all = { key: `mail:${mac('client', asker.client)}:q`, max: limits.mailsPerClient };
      const counted = asker.browser === null ? [own, all] : [own];
      let waitMs = await counters.hit(
        counted.map((limit) => ({ ...limit, windowMs: QUARTER_HOUR_MS })),
        now,
      );
      // What was refused above does not count here, and a known browser does not wait for what strangers asked.
      if (waitMs === 0 && asker.browser === null) {
        const count = await counters.count({ key: `${address}:d`, windowMs: DAY_MS }, now);
        waitMs = await delay(address, count, now);
      }
      if (waitMs > 0) throw refusal('Too many codes were asked for.', waitMs);
    },

    /**
     * Counts one code that is about to be tried, as if it were wrong: tries at the same time cannot slip through.
     * @returns the function that takes the count back, when the code was right
     * @throws AppError `rate_limited` when none may be tried now
     */
    async admitTry(asker: Asker, now: number): Promise<() => Promise<void>> {
      const own = { key: `wrong:${askerKey(asker)}:q`, windowMs: QUARTER_HOUR_MS };
      const all = { key: 'wrong:all:q', windowMs: QUARTER_HOUR_MS };
      const mine = await counters.count(own, now);
      const waitMs = QUARTER_HOUR_MS - (now % QUARTER_HOUR_MS);
      // Refused before the other counter: one client alone must not bring the limit on all about.
      if (mine > limits.wrongCodesPerClient) throw refusal('Too many codes were tried.', waitMs);
      const everybody = await counters.count(all, now);
      if (everybody === limits.wrongCodesInAll + 1) log.warn({ tries: everybody }, 'codes are being guessed');
      if (everybody > limits.wrongCodesInAll && mine > WRONG_CODES_WHILE_ATTACKED) {
        throw refusal('Too many codes were tried.', waitMs);
      }
      return async () => {
        await Promise.all([counters.takeBack(own, now), counters.takeBack(all, now)]);
      };
    },
  };
}

function refusal(what: string, waitMs: number): AppError {
  const minutes = Math.ceil(waitMs / MINUTE_MS);
  return new AppError(
    'rate_limited',
    `${what} Please try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`,
  );
}
