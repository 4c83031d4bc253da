import type { Gate } from '#server/interviews/gate-service.ts';
import type { SessionDesk } from '#server/interviews/session-desk.ts';
import type { Handlers } from '../calls.ts';

type SessionHandlers = Pick<
  Handlers,
  | ('gate' | 'consent' | 'listMySessions' | 'getMySession' | 'withdraw')
  | ('listSessions' | 'getSession' | 'deleteAnswers')
>;

/** The way into an interview, what one has recorded there, and what recruiters see of it. */
export function createSessionHandlers(options: { gate: Gate; desk: SessionDesk }): SessionHandlers {
  const { gate, desk } = options;
  return {
    gate: ({ caller, params }) => gate.look(params.slug, caller),
    consent: ({ caller, params, body }) => gate.consent(params.slug, caller, body),
    listMySessions: ({ caller, query }) => desk.listMine(caller.id, query),
    getMySession: ({ caller, params }) => desk.getMine({ id: params.id, accountId: caller.id }),
    async withdraw({ caller, params }) {
      await desk.withdraw({ id: params.id, accountId: caller.id });
      return {};
    },
    listSessions: ({ caller, params, query }) =>
      desk.listCandidates({ id: params.id, organisationId: caller.organisation.id }, query),
    getSession: ({ caller, params }) => desk.getCandidate({ id: params.id, organisationId: caller.organisation.id }),
    deleteAnswers: ({ caller, params }) =>
      desk.deleteAnswers({ id: params.id, organisationId: caller.organisation.id }),
  };
}
