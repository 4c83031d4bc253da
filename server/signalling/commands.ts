import type { RequestBody } from '#protocol/events.ts';
import type { SessionView } from '#protocol/session.ts';
import type { Command } from '#server/interviews/command.ts';
import type { CommandName, Handlers } from './handler.ts';
import type { Peer } from './peer.ts';
import type { SessionService } from './ports.ts';

/** What each request means to the rules. */
const toCommand: { readonly [N in CommandName]: (body: RequestBody<N>) => Command } = {
  'check:pass': () => ({ type: 'check_pass' }),
  'rehearsal:arm': () => ({ type: 'rehearsal_arm' }),
  'rehearsal:stop': ({ takeId }) => ({ type: 'rehearsal_stop', takeId }),
  'rehearsal:delete': () => ({ type: 'rehearsal_delete' }),
  'interview:start': () => ({ type: 'start' }),
  'question:open': ({ questionId }) => ({ type: 'open', questionId }),
  'question:ready': ({ questionId }) => ({ type: 'ready', questionId }),
  'question:skip': ({ questionId }) => ({ type: 'skip', questionId }),
  'take:arm': ({ questionId }) => ({ type: 'arm', questionId }),
  'take:stop': ({ takeId }) => ({ type: 'stop', takeId }),
  'take:pick': ({ questionId, takeId }) => ({ type: 'pick', questionId, takeId }),
  'session:submit': () => ({ type: 'submit' }),
};

/** Whether a request is carried out even when its sender has gone meanwhile: a tap on "Submit" counts. */
export const isCommand = (name: string): boolean => Object.hasOwn(toCommand, name);

/** The candidate's commands to the session that the page has joined. */
export function createCommandHandlers(sessions: Pick<SessionService, 'handle'>): Handlers<CommandName> {
  const command =
    <N extends CommandName>(name: N) =>
    async (peer: Peer, body: RequestBody<N>): Promise<{ session: SessionView }> => ({
      session: await sessions.handle(peer.joined().sessionId, toCommand[name](body)),
    });
  return {
    'check:pass': command('check:pass'),
    'rehearsal:arm': command('rehearsal:arm'),
    'rehearsal:stop': command('rehearsal:stop'),
    'rehearsal:delete': command('rehearsal:delete'),
    'interview:start': command('interview:start'),
    'question:open': command('question:open'),
    'question:ready': command('question:ready'),
    'question:skip': command('question:skip'),
    'take:arm': command('take:arm'),
    'take:stop': command('take:stop'),
    'take:pick': command('take:pick'),
    'session:submit': command('session:submit'),
  };
}
