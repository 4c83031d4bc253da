import type { SessionState } from '#protocol/session.ts';
import type { Page, PageRequest } from '#server/store/paging.ts';

/** The take that counts for a question. */
export interface AnswerPick {
  /** 1 for the first take of the question. */
  takeNumber: number;
  durationMs: number | null;
  /** Cut short by the system. */
  interrupted: boolean;
  /** Saving it was given up for now. */
  failed: boolean;
  /** Where it lies once it has been read back from there; null until then. */
  stored: { key: string; bytes: number; width: number; height: number } | null;
}

/** One question of a session, and what has become of it. */
export interface AnswerRecord {
  questionId: string;
  text: string;
  takesUsed: number;
  pick: AnswerPick | null;
}

/** A session as the pages of recruiters and of "My answers" show it: finished business, no media, no timers. */
export interface SessionRecord {
  id: string;
  interviewId: string;
  organisationId: string;
  accountId: string;
  interview: { title: string; slug: string; organisation: string };
  candidate: { name: string; email: string };
  state: SessionState;
  /** 1 for the first session of this person in this interview. */
  attempt: number;
  consent: { version: string; at: number } | null;
  startedAt: number | null;
  deadlineAt: number | null;
  submittedAt: number | null;
  storedAt: number | null;
  /** When somebody asked for the answers to be deleted, and when they were gone. */
  deletionAskedAt: number | null;
  answersDeletedAt: number | null;
  /** In the order of the questions. */
  answers: AnswerRecord[];
}

/** The reads of sessions that the pages need; lists are sorted by the newest first. */
export interface SessionReads {
  get: (id: string) => Promise<SessionRecord | null>;
  pageOfInterview: (interviewId: string, page: PageRequest) => Promise<Page<SessionRecord>>;
  pageOfAccount: (accountId: string, page: PageRequest) => Promise<Page<SessionRecord>>;
}
