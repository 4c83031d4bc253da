import * as z from 'zod';
import { durationMs, id, instant, shortId } from './common.ts';

/** Where a candidate's go at an interview stands. See `docs/lifecycle.md`. */
export const sessionStates = [
  'invited',
  'consented',
  'checked',
  'running',
  'submitting',
  'stored',
  'expired',
  'withdrawn',
] as const;
export type SessionState = (typeof sessionStates)[number];

/** Where a question stands within a running session. `unseen`: not opened yet, its text is not sent. */
export const questionStates = ['unseen', 'thinking', 'ready', 'arming', 'recording', 'reviewing', 'skipped'] as const;
export type QuestionState = (typeof questionStates)[number];

/** Where a take stands; it only moves forward. */
export const takeStates = [
  'arming',
  'recording',
  'stopping',
  'playable',
  'interrupted',
  'failed',
  'stored',
  'deleted',
] as const;
export type TakeState = (typeof takeStates)[number];

/** Why a take ended. Everything from `deadline` on was not the candidate's doing. */
export const stopReasons = [
  'candidate',
  'limit',
  'deadline',
  'media_lost',
  'recorder_failed',
  'server_stopped',
] as const;
export type StopReason = (typeof stopReasons)[number];

/** Takes that the system cut short are given back this often for each question. */
export const FREE_TAKES_PER_QUESTION = 2;

/** Countdowns that may be begun for one question, takes that failed or were called off included. */
export const MAX_ARMINGS_PER_QUESTION = 50;
/** Rehearsals that may be begun before an interview. */
export const MAX_REHEARSALS = 50;
/** Sessions that one person may begin of one interview, withdrawn and expired ones included. */
export const MAX_SESSIONS_PER_PERSON = 20;

/** A take as the candidate sees it. `url` is set while it can be replayed. */
export const takeView = z.object({
  id: shortId,
  /** 1 for the first take of the question; one that never began has the number that the next one gets. */
  number: z.number().int(),
  state: z.enum(takeStates),
  countdownEndsAt: instant.nullable(),
  goAt: instant.nullable(),
  /** When the server ends the take: `goAt` plus the limit, or the interview's deadline if that is earlier. */
  endsAt: instant.nullable(),
  stopReason: z.enum(stopReasons).nullable(),
  durationMs: durationMs.nullable(),
  /** Cut short by the system: it costs no take. */
  free: z.boolean(),
  url: z.string().nullable(),
});
export type TakeView = z.infer<typeof takeView>;

/** A question as the candidate sees it; `text` is null until it is opened. */
export const candidateQuestionView = z.object({
  id: shortId,
  number: z.number().int(),
  text: z.string().nullable(),
  answerLimitMs: durationMs,
  thinkingTimeMs: durationMs,
  takesAllowed: z.number().int(),
  takesLeft: z.number().int(),
  state: z.enum(questionStates),
  thinkingEndsAt: instant.nullable(),
  takes: z.array(takeView),
  pickId: shortId.nullable(),
});
export type CandidateQuestionView = z.infer<typeof candidateQuestionView>;

/**
 * How far the saving of one pick is. `safe`: read back from its final storage with the right length and checksum.
 * `failed`: given up for now; the server keeps what was recorded, and tries again when it is started next.
 */
export const publishView = z.object({
  questionId: shortId,
  state: z.enum(['waiting', 'preparing', 'uploading', 'verifying', 'safe', 'retrying', 'failed']),
  /** 0 to 1 over the whole way, never going back within one attempt. */
  progress: z.number().min(0).max(1),
});
export type PublishView = z.infer<typeof publishView>;

/** Everything the candidate's page shows, sent whole after each change; `version` only grows. */
export const sessionView = z.object({
  id,
  version: z.number().int(),
  /** The server's clock when this was sent. */
  now: instant,
  state: z.enum(sessionStates),
  interview: z.object({
    title: z.string(),
    introduction: z.string(),
    organisation: z.string(),
    contact: z.string().nullable(),
    questionCount: z.number().int(),
    totalTimeMs: durationMs,
    autoStart: z.boolean(),
  }),
  startedAt: instant.nullable(),
  deadlineAt: instant.nullable(),
  currentQuestionId: shortId.nullable(),
  questions: z.array(candidateQuestionView),
  rehearsal: z.object({ text: z.string(), limitMs: durationMs, takes: z.array(takeView) }),
  publishing: z.array(publishView),
  /** Something of it counts as deleted and is not proved to be gone yet: say "being deleted", not "deleted". */
  erasing: z.boolean(),
  submittedAt: instant.nullable(),
  storedAt: instant.nullable(),
});
export type SessionView = z.infer<typeof sessionView>;

/** That submitted answers are deleted on somebody's wish. `asked`: not all of it is proved to be gone yet. */
export const answersDeletion = z.enum(['asked', 'done']);
export type AnswersDeletion = z.infer<typeof answersDeletion>;

/** What a visitor of an interview's link finds. Only `open` and `resume` lead on. */
export const gateView = z.object({
  status: z.enum(['open', 'resume', 'not_allowed', 'not_open_yet', 'closed', 'finished']),
  /** The address one is signed in with. */
  email: z.string(),
  title: z.string(),
  organisation: z.string(),
  contact: z.string().nullable(),
  opensAt: instant.nullable(),
  closesAt: instant.nullable(),
  timeZone: z.string(),
  /** Present for `open` and `resume`. */
  details: z
    .object({
      introduction: z.string(),
      questions: z.array(
        z.object({ answerLimitMs: durationMs, thinkingTimeMs: durationMs, takesAllowed: z.number().int() }),
      ),
      totalTimeMs: durationMs,
      autoStart: z.boolean(),
      consent: z.object({ version: z.string(), paragraphs: z.array(z.string()) }),
    })
    .nullable(),
  /** The session to resume (`resume`) or the last one (`finished`). */
  sessionId: id.nullable(),
  /** Of that session; where one may begin anew (`open`), of the one before. */
  sessionState: z.enum(sessionStates).nullable(),
  /** What has become of that session's answers; null while they are kept. */
  answersDeletion: answersDeletion.nullable(),
});
export type GateView = z.infer<typeof gateView>;

export const consentInput = z.strictObject({
  version: z.string().max(40),
  /** The interface's language when the text was read, for proof. */
  language: z.string().max(20),
});

/** A saved answer; `url` is short-lived and signed. `url` null: no answer, or not saved yet. */
export const answerView = z.object({
  number: z.number().int(),
  questionId: shortId,
  text: z.string(),
  takeNumber: z.number().int().nullable(),
  takesUsed: z.number().int(),
  durationMs: durationMs.nullable(),
  bytes: z.number().int().nullable(),
  width: z.number().int().nullable(),
  height: z.number().int().nullable(),
  /** `failed`: could not be saved, what was recorded is kept. `deleting`: not all of it is proved to be gone yet. */
  state: z.enum(['none', 'saving', 'stored', 'failed', 'deleting', 'deleted']),
  /** Cut short by the system. */
  interrupted: z.boolean(),
  url: z.string().nullable(),
});
export type AnswerView = z.infer<typeof answerView>;

/** A row of the recruiter's list of candidates. */
export const sessionRow = z.object({
  id,
  name: z.string(),
  email: z.string(),
  state: z.enum(sessionStates),
  attempt: z.number().int(),
  answered: z.number().int(),
  questionCount: z.number().int(),
  startedAt: instant.nullable(),
  submittedAt: instant.nullable(),
  storedAt: instant.nullable(),
  /** The time was up: what had been recorded was submitted as it was. */
  submittedByClock: z.boolean(),
  /** Null while the answers are kept. */
  answersDeletion: answersDeletion.nullable(),
});
export type SessionRow = z.infer<typeof sessionRow>;

/** One candidate's session with the saved answers, for the recruiter. `urlsExpireAt`: then read it again. */
export const sessionDetail = sessionRow.extend({
  interviewId: id,
  interviewTitle: z.string(),
  consent: z.object({ version: z.string(), at: instant }).nullable(),
  answersDeletedAt: instant.nullable(),
  answers: z.array(answerView),
  urlsExpireAt: instant,
});
export type SessionDetail = z.infer<typeof sessionDetail>;

/** A row of "My answers". */
export const mySessionRow = z.object({
  id,
  slug: z.string(),
  title: z.string(),
  organisation: z.string(),
  state: z.enum(sessionStates),
  startedAt: instant.nullable(),
  deadlineAt: instant.nullable(),
  submittedAt: instant.nullable(),
  storedAt: instant.nullable(),
  /** The time was up: what had been recorded was submitted as it was. */
  submittedByClock: z.boolean(),
  /** Null while the answers are kept. */
  answersDeletion: answersDeletion.nullable(),
});
export type MySessionRow = z.infer<typeof mySessionRow>;

export const mySessionDetail = mySessionRow.extend({ answers: z.array(answerView), urlsExpireAt: instant });
export type MySessionDetail = z.infer<typeof mySessionDetail>;
