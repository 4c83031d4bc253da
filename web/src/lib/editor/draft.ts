import {
  COUNTDOWN_MS,
  interviewInput,
  neededTimeMs,
  parseAddresses,
  type InterviewInput,
  type InterviewView,
} from '#protocol/interview.ts';
import { fieldErrors, type FieldErrors } from '../forms.ts';
import { toInstant, toLocal } from './zones.ts';

const MS_PER_MINUTE = 60_000;
/** Of the time that the questions need: for reading, replaying and second takes. */
const RESERVE_SHARE = 0.5;

/** A question as the form holds it. `key` tells the cards apart and never leaves the page. */
export interface DraftQuestion {
  key: string;
  id: string | undefined;
  text: string;
  answerLimitMs: number;
  /** What is typed, in seconds. */
  thinkingSeconds: string;
  takesAllowed: number;
}

/** An interview as the form holds it: texts as they are typed, dates as wall-clock time in `timeZone`. */
export interface Draft {
  title: string;
  introduction: string;
  contact: string;
  questions: DraftQuestion[];
  totalMinutes: string;
  autoStart: boolean;
  opens: string;
  closes: string;
  timeZone: string;
  accessKind: 'link' | 'addresses';
  addressesText: string;
  attemptsAllowed: number;
}

/** A fresh question; takes its limits from `like`, mostly the one before. */
export function newQuestion(like?: DraftQuestion): DraftQuestion {
  return {
    key: crypto.randomUUID(),
    id: undefined,
    text: '',
    answerLimitMs: like?.answerLimitMs ?? 60_000,
    thinkingSeconds: like?.thinkingSeconds ?? '30',
    takesAllowed: like?.takesAllowed ?? 3,
  };
}

/** The form of an interview that does not exist yet. */
export function newDraft({ timeZone, contact }: { timeZone: string; contact: string }): Draft {
  return {
    title: '',
    introduction: '',
    contact,
    questions: [newQuestion()],
    totalMinutes: '15',
    autoStart: false,
    opens: '',
    closes: '',
    timeZone,
    accessKind: 'link',
    addressesText: '',
    attemptsAllowed: 1,
  };
}

/** The form of an interview as it is stored. */
export function toDraft(view: InterviewView): Draft {
  return {
    title: view.title,
    introduction: view.introduction,
    contact: view.contact ?? '',
    questions: view.questions.map((question) => ({
      key: question.id,
      id: question.id,
      text: question.text,
      answerLimitMs: question.answerLimitMs,
      thinkingSeconds: String(question.thinkingTimeMs / 1000),
      takesAllowed: question.takesAllowed,
    })),
    totalMinutes: String(view.totalTimeMs / MS_PER_MINUTE),
    autoStart: view.autoStart,
    opens: view.opensAt === null ? '' : toLocal(view.opensAt, view.timeZone),
    closes: view.closesAt === null ? '' : toLocal(view.closesAt, view.timeZone),
    timeZone: view.timeZone,
    accessKind: view.access.kind,
    addressesText: view.access.kind === 'addresses' ? view.access.addresses.join('\n') : '',
    attemptsAllowed: view.attemptsAllowed,
  };
}

/** A number as people type it, with a comma or a point; NaN for anything else. */
function typedNumber(text: string): number {
  const trimmed = text.trim().replace(',', '.');
  return /^\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : Number.NaN;
}

/** The total time that is typed in, in milliseconds, NaN when it is not a number. */
export const totalTimeMs = (draft: Draft): number => Math.round(typedNumber(draft.totalMinutes) * MS_PER_MINUTE);

function asQuestion(question: DraftQuestion) {
  return {
    answerLimitMs: question.answerLimitMs,
    thinkingTimeMs: Math.round(typedNumber(question.thinkingSeconds) * 1000),
  };
}

/** The least time that the questions of the form need, in milliseconds; a thinking time not yet typed counts as none. */
export function neededMs(draft: Draft): number {
  return neededTimeMs(
    draft.questions.map((question) => {
      const { answerLimitMs, thinkingTimeMs } = asQuestion(question);
      return { answerLimitMs, thinkingTimeMs: Number.isNaN(thinkingTimeMs) ? 0 : thinkingTimeMs };
    }),
  );
}

/** A total time in whole minutes that leaves room for replaying and for second takes. */
export function suggestedMinutes(draft: Draft): number {
  return Math.max(1, Math.ceil((neededMs(draft) * (1 + RESERVE_SHARE) + COUNTDOWN_MS) / MS_PER_MINUTE));
}

export type Checked = { ok: true; input: InterviewInput } | { ok: false; errors: FieldErrors };

/**
 * Turns the form into what the server takes, or names what is wrong by its dotted path in the request.
 * @param base the interview as it was read: an instant whose text did not change is kept to the millisecond
 * @param now a new date of closing must be later
 */
export function toInput(draft: Draft, base: InterviewView | null, now = Date.now()): Checked {
  const errors: FieldErrors = {};
  const instant = (field: 'opensAt' | 'closesAt', local: string): number | null => {
    if (local === '') return null;
    const before = base?.[field] ?? null;
    if (before !== null && base?.timeZone === draft.timeZone && toLocal(before, draft.timeZone) === local)
      return before;
    const { at, problem } = toInstant(local, draft.timeZone);
    if (problem === 'invalid') errors[field] = 'Please give both a date and a time.';
    if (problem === 'skipped') errors[field] = 'This time does not exist in that zone: clocks are put forward over it.';
    return at;
  };

  const { addresses, invalid } = parseAddresses(draft.addressesText);
  if (draft.accessKind === 'addresses' && invalid.length > 0) {
    errors['access.addresses'] = 'Correct or remove what is not an e-mail address.';
  }
  if (Number.isNaN(totalTimeMs(draft))) errors['totalTimeMs'] = 'Please give a number of minutes.';
  draft.questions.forEach((question, index) => {
    const { thinkingTimeMs } = asQuestion(question);
    if (Number.isNaN(thinkingTimeMs) || thinkingTimeMs > 120_000) {
      errors[`questions.${String(index)}.thinkingTimeMs`] = '0 to 120 seconds, please.';
    }
  });

  const parsed = interviewInput.safeParse({
    version: base?.version ?? 0,
    title: draft.title,
    introduction: draft.introduction,
    contact: draft.contact.trim() === '' ? null : draft.contact,
    questions: draft.questions.map((question) => ({
      ...(question.id === undefined ? {} : { id: question.id }),
      text: question.text,
      takesAllowed: question.takesAllowed,
      ...asQuestion(question),
    })),
    totalTimeMs: totalTimeMs(draft),
    autoStart: draft.autoStart,
    opensAt: instant('opensAt', draft.opens),
    closesAt: instant('closesAt', draft.closes),
    timeZone: draft.timeZone,
    access: draft.accessKind === 'link' ? { kind: 'link' } : { kind: 'addresses', addresses },
    attemptsAllowed: draft.attemptsAllowed,
  });
  const closesAt = parsed.data?.closesAt ?? null;
  if (closesAt !== null && closesAt <= now && !(base?.state === 'published' && closesAt === base.closesAt)) {
    errors['closesAt'] = 'This has passed already. Give a later date, or none.';
  }
  if (!parsed.success) {
    const found = fieldErrors(parsed.error);
    if (found['totalTimeMs'] !== undefined) found['totalTimeMs'] = '1 to 240 minutes, please.';
    return { ok: false, errors: { ...found, ...errors } };
  }
  return Object.keys(errors).length === 0 ? { ok: true, input: parsed.data } : { ok: false, errors };
}
