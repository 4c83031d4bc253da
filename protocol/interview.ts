import * as z from 'zod';
import { durationMs, email, id, instant, shortId, slug } from './common.ts';

export const ANSWER_LIMITS_MS = [20_000, 30_000, 40_000, 60_000] as const;
export const MAX_QUESTIONS = 50;
export const MAX_ALLOWED_ADDRESSES = 5_000;
/** Between the tap and "go" the candidate sees 3-2-1. */
export const COUNTDOWN_MS = 3_000;
/** Rehearsals have one fixed limit and their own words to say. */
export const REHEARSAL_LIMIT_MS = 20_000;
export const REHEARSAL_TEXT = 'Hello, this is demo test and I am ready for the interview';

const answerLimitMs = z
  .number()
  .refine((ms) => (ANSWER_LIMITS_MS as readonly number[]).includes(ms), 'must be 20000, 30000, 40000 or 60000');

/** A question as the recruiter writes it. `id` is absent for a new one. `thinkingTimeMs` 0 means none is set. */
export const questionInput = z.strictObject({
  id: shortId.optional(),
  text: z.string().trim().min(1, 'must not be empty').max(1000),
  answerLimitMs,
  thinkingTimeMs: z.number().int().min(0).max(120_000),
  takesAllowed: z.number().int().min(1).max(3),
});
export type QuestionInput = z.infer<typeof questionInput>;

const timeZone = z
  .string()
  .max(60)
  .refine((zone) => isTimeZone(zone), 'must be an IANA time zone, such as Europe/Berlin');

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Who may take an interview: listed addresses, or anyone signed in who has the link. */
export const access = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('link') }),
  z.strictObject({ kind: z.literal('addresses'), addresses: z.array(email).max(MAX_ALLOWED_ADDRESSES) }),
]);

/** An interview as the recruiter edits it, whole; `version` is the one that was read (0 for a new one). */
export const interviewInput = z
  .strictObject({
    version: z.number().int().min(0),
    title: z.string().trim().min(1, 'must not be empty').max(150),
    introduction: z.string().trim().max(5000),
    contact: email.nullable(),
    questions: z.array(questionInput).max(MAX_QUESTIONS),
    totalTimeMs: z
      .number()
      .int()
      .min(60_000)
      .max(4 * 3_600_000),
    /** Recording starts by itself when thinking time ends. */
    autoStart: z.boolean(),
    opensAt: instant.nullable(),
    closesAt: instant.nullable(),
    timeZone,
    access,
    attemptsAllowed: z.number().int().min(1).max(10),
  })
  .refine((i) => i.opensAt === null || i.closesAt === null || i.opensAt < i.closesAt, {
    path: ['closesAt'],
    message: 'must be after the opening date',
  });
export type InterviewInput = z.infer<typeof interviewInput>;

export const question = questionInput.extend({ id: shortId });
export type Question = z.infer<typeof question>;

/** An interview as its own organisation sees it. `frozen`: somebody has started, so questions can no longer change. */
export const interviewView = z.object({
  id,
  version: z.number().int(),
  state: z.enum(['draft', 'published']),
  slug: slug.nullable(),
  link: z.string().nullable(),
  frozen: z.boolean(),
  title: z.string(),
  introduction: z.string(),
  contact: z.string().nullable(),
  questions: z.array(question),
  totalTimeMs: durationMs,
  /** The least time the questions need: thinking, one countdown and one full take each. */
  neededTimeMs: durationMs,
  autoStart: z.boolean(),
  opensAt: instant.nullable(),
  closesAt: instant.nullable(),
  timeZone: z.string(),
  access,
  attemptsAllowed: z.number().int(),
  createdAt: instant,
  updatedAt: instant,
  counts: z.object({ sessions: z.number().int(), running: z.number().int(), stored: z.number().int() }),
});
export type InterviewView = z.infer<typeof interviewView>;

/** A row of the recruiter's list. */
export const interviewRow = z.object({
  id,
  title: z.string(),
  state: z.enum(['draft', 'published']),
  questionCount: z.number().int(),
  opensAt: instant.nullable(),
  closesAt: instant.nullable(),
  timeZone: z.string(),
  updatedAt: instant,
  counts: interviewView.shape.counts,
});
export type InterviewRow = z.infer<typeof interviewRow>;

/** The least time that answering every question once takes: thinking time, countdown and the full limit. */
export function neededTimeMs(questions: readonly Pick<Question, 'answerLimitMs' | 'thinkingTimeMs'>[]): number {
  return questions.reduce((sum, q) => sum + q.thinkingTimeMs + COUNTDOWN_MS + q.answerLimitMs, 0);
}

/** What pasted text held: each address once, in order, and what could not be read as one. */
export interface ParsedAddresses {
  addresses: string[];
  invalid: string[];
  duplicates: number;
}

/**
 * Reads e-mail addresses out of pasted text: separated by white space, commas or semicolons, also as `Name <a@b.c>`.
 * Names in front of angle brackets are dropped; every other piece that is no address is reported in `invalid`.
 */
export function parseAddresses(text: string): ParsedAddresses {
  const found = new Set<string>();
  const result: ParsedAddresses = { addresses: [], invalid: [], duplicates: 0 };
  const pieces = text
    .split(/[\n,;]+/)
    .flatMap((line) => {
      const bracketed = [...line.matchAll(/<([^<>]*)>/g)].map((match) => match[1] ?? '');
      return bracketed.length > 0 ? bracketed : line.split(/\s+/);
    })
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '');
  for (const piece of pieces) {
    const parsed = email.safeParse(piece);
    if (!parsed.success) result.invalid.push(piece);
    else if (found.has(parsed.data)) result.duplicates += 1;
    else found.add(parsed.data);
  }
  result.addresses = [...found];
  return result;
}
