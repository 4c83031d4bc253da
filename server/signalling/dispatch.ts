import type * as z from 'zod';
import { AppError } from '#protocol/errors.ts';
import { requests, type Ack, type RequestBody, type RequestName } from '#protocol/events.ts';
import type { Clock } from '#server/clock.ts';
import type { Logger } from '#server/log.ts';
import { checkNotExpired } from './auth.ts';
import { isCommand } from './commands.ts';
import type { Handler, Handlers } from './handler.ts';
import type { Peer } from './peer.ts';
import { toErrorBody } from './refusal.ts';

export interface DispatchOptions {
  handlers: Handlers<RequestName>;
  clock: Clock;
  log: Logger;
}

/** The requests that need no valid token, since they bring one. */
const WITHOUT_TOKEN: ReadonlySet<RequestName> = new Set(['auth:renew']);
/** The requests of a page that has not joined, or need not have. */
const WITHOUT_SESSION: ReadonlySet<RequestName> = new Set(['auth:renew', 'clock:sync', 'session:join']);

/**
 * Makes the function that takes one event from a page: parse, check, carry out in its turn, acknowledge, log.
 * It never throws, whatever the page sent; without an acknowledgement function the outcome is only logged.
 */
export function createDispatch({ handlers, clock, log }: DispatchOptions) {
  async function carryOut<N extends RequestName>(peer: Peer, name: N, raw: unknown): Promise<unknown> {
    const body = parseBody(name, raw);
    if (!WITHOUT_TOKEN.has(name)) checkNotExpired(peer.identity, clock);
    if (!WITHOUT_SESSION.has(name)) peer.joined();
    const handle: Handler<N> = handlers[name];
    return handle(peer, body);
  }

  return (peer: Peer, event: unknown, args: readonly unknown[]): void => {
    const answer = acknowledger(args);
    const raw = typeof args[0] === 'function' ? undefined : args[0];
    const name = isRequestName(event) ? event : null;
    // What somebody else made up does not belong in the log.
    const where = () => ({ session: peer.place?.sessionId, event: name ?? 'unknown' });

    const refuse = (error: unknown): void => {
      const body = toErrorBody(error, { log, where: where() });
      log.info({ ...where(), errorCode: body.code }, 'event');
      answer({ ok: false, error: body });
    };

    const tooMany = () => refuse(new AppError('rate_limited', 'Too many requests at once. Please wait a moment.'));
    const verdict = peer.allowance.spend();
    if (verdict === 'flood') peer.disconnect();
    if (verdict !== 'granted') return tooMany();

    const queued = peer.queue.add(async () => {
      try {
        if (name === null) throw new AppError('unknown_event', 'There is no such request.');
        if (!peer.connected && !isCommand(name)) return;
        const data = await carryOut(peer, name, raw);
        log.info({ ...where(), errorCode: null }, 'event');
        answer({ ok: true, data });
      } catch (error) {
        refuse(error);
      }
    });
    if (!queued) tooMany();
  };
}

function isRequestName(event: unknown): event is RequestName {
  return typeof event === 'string' && Object.hasOwn(requests, event);
}

/** socket.io hands the acknowledgement over as the last argument, if the page wants one. */
function acknowledger(args: readonly unknown[]): (reply: Ack<unknown>) => void {
  const last = args.at(-1);
  return typeof last === 'function' ? (reply) => void Reflect.apply(last, undefined, [reply]) : () => undefined;
}

/** @throws AppError `bad_request` naming the first field at fault */
function parseBody<N extends RequestName>(name: N, raw: unknown): RequestBody<N> {
  const schema: z.ZodType = requests[name];
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data as RequestBody<N>;
  const issue = parsed.error.issues[0];
  const path = issue?.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys.slice(0, 1)] : (issue?.path ?? []);
  const field = path.join('.');
  throw new AppError('bad_request', `${field === '' ? 'The request' : field}: ${issue?.message ?? 'is not valid'}`, {
    ...(field === '' ? {} : { field }),
    cause: parsed.error,
  });
}
