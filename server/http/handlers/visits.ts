import type { MySessionDetail, MySessionRow } from '#protocol/session.ts';
import type { Gate } from '#server/interviews/gate-service.ts';
import type { Page, PageRequest } from '#server/store/paging.ts';
import type { Handlers } from '../calls.ts';

/** One person's one session: to others it does not exist. */
export interface MineKey {
  id: string;
  accountId: string;
}

/** What people see and do of their own sessions; `not_found` for any other. */
export interface MySessions {
  list(accountId: string, page: PageRequest): Promise<Page<MySessionRow>>;
  get(session: MineKey): Promise<MySessionDetail>;
  /** Ends the session and erases what was recorded; AppError `wrong_state` once it was submitted. */
  withdraw(session: MineKey): Promise<void>;
}

type VisitHandlers = Pick<Handlers, 'gate' | 'consent' | 'listMySessions' | 'getMySession' | 'withdraw'>;

/** The way into an interview, and what one has recorded there. */
export function createVisitHandlers(options: { gate: Gate; mySessions: MySessions }): VisitHandlers {
  const { gate, mySessions } = options;
  return {
    gate: ({ caller, params }) => gate.look(params.slug, caller),
    consent: ({ caller, params, body }) => gate.consent(params.slug, caller, body),
    listMySessions: ({ caller, query }) => mySessions.list(caller.id, query),
    getMySession: ({ caller, params }) => mySessions.get({ id: params.id, accountId: caller.id }),
    async withdraw({ caller, params }) {
      await mySessions.withdraw({ id: params.id, accountId: caller.id });
      return {};
    },
  };
}
