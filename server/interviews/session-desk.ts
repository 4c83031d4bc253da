import { AppError } from '#protocol/errors.ts';
import type { MySessionDetail, MySessionRow, SessionDetail, SessionRow } from '#protocol/session.ts';
import type { MediaUrls } from '#server/media-urls.ts';
import type { InterviewKey, Interviews } from '#server/store/interviews.ts';
import type { Page, PageRequest } from '#server/store/paging.ts';
import { toMySessionDetail, toMySessionRow, toSessionDetail, toSessionRow } from './session-pages.ts';
import type { SessionReads, SessionRecord } from './session-reads.ts';

/** One organisation's one session. */
export interface CandidateKey {
  id: string;
  organisationId: string;
}

/** One person's one session. */
export interface MySessionKey {
  id: string;
  accountId: string;
}

export interface SessionDeskOptions {
  sessions: SessionReads;
  interviews: Interviews;
  urls: MediaUrls;
  /** Erases every video of a session and notes when; AppError `wrong_state` before it was submitted. */
  deleteAnswers: (sessionId: string) => Promise<void>;
  /** Ends a session and erases what was recorded; AppError `wrong_state` once it was submitted. */
  withdraw: (sessionId: string) => Promise<void>;
}

export type SessionDesk = ReturnType<typeof createSessionDesk>;

/**
 * Sessions as recruiters and candidates read them. A session of another organisation, or of another person, does not
 * exist here: `not_found`.
 */
export function createSessionDesk(options: SessionDeskOptions) {
  const { sessions, interviews, urls, deleteAnswers, withdraw } = options;

  async function existing(id: string, belongs: (session: SessionRecord) => boolean): Promise<SessionRecord> {
    const found = await sessions.get(id);
    if (!found || !belongs(found)) throw new AppError('not_found', 'This session does not exist.');
    return found;
  }
  const ofOrganisation = ({ id, organisationId }: CandidateKey) =>
    existing(id, (session) => session.organisationId === organisationId);
  const ofAccount = ({ id, accountId }: MySessionKey) => existing(id, (session) => session.accountId === accountId);

  return {
    /** One page of an interview's candidates, the newest first. */
    async listCandidates(interview: InterviewKey, page: PageRequest): Promise<Page<SessionRow>> {
      if (!(await interviews.get(interview))) throw new AppError('not_found', 'This interview does not exist.');
      const { items, nextCursor } = await sessions.pageOfInterview(interview.id, page);
      return { items: items.map(toSessionRow), nextCursor };
    },

    async getCandidate(key: CandidateKey): Promise<SessionDetail> {
      return toSessionDetail(await ofOrganisation(key), urls);
    },

    /** Deletes a candidate's answers; the row stays and says so. */
    async deleteAnswers(key: CandidateKey): Promise<SessionDetail> {
      const { id } = await ofOrganisation(key);
      await deleteAnswers(id);
      return toSessionDetail(await ofOrganisation(key), urls);
    },

    /** One page of a person's own sessions, the newest first. */
    async listMine(accountId: string, page: PageRequest): Promise<Page<MySessionRow>> {
      const { items, nextCursor } = await sessions.pageOfAccount(accountId, page);
      return { items: items.map(toMySessionRow), nextCursor };
    },

    async getMine(key: MySessionKey): Promise<MySessionDetail> {
      return toMySessionDetail(await ofAccount(key), urls);
    },

    async withdraw(key: MySessionKey): Promise<void> {
      const { id } = await ofAccount(key);
      await withdraw(id);
    },
  };
}
