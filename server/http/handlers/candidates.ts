import type { SessionDetail, SessionRow } from '#protocol/session.ts';
import type { Page, PageRequest } from '#server/store/paging.ts';
import type { Handlers } from '../calls.ts';

/** One organisation's one interview or session: to others it does not exist. */
export interface OwnedKey {
  id: string;
  organisationId: string;
}

/** What recruiters see and do of the sessions of their organisation's interviews; `not_found` for any other. */
export interface CandidatesDesk {
  list(interview: OwnedKey, page: PageRequest): Promise<Page<SessionRow>>;
  get(session: OwnedKey): Promise<SessionDetail>;
  /** Erases every video of the session; the row stays and says so. */
  deleteAnswers(session: OwnedKey): Promise<SessionDetail>;
}

type CandidateHandlers = Pick<Handlers, 'listSessions' | 'getSession' | 'deleteAnswers'>;

/** The candidates of the caller's organisation, with their answers. */
export function createCandidateHandlers(options: { desk: CandidatesDesk }): CandidateHandlers {
  const { desk } = options;
  return {
    listSessions: ({ caller, params, query }) =>
      desk.list({ id: params.id, organisationId: caller.organisation.id }, query),
    getSession: ({ caller, params }) => desk.get({ id: params.id, organisationId: caller.organisation.id }),
    deleteAnswers: ({ caller, params }) =>
      desk.deleteAnswers({ id: params.id, organisationId: caller.organisation.id }),
  };
}
