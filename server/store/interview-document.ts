import mongoose from 'mongoose';
import type { InterviewInput, Question } from '#protocol/interview.ts';

/** What a recruiter writes, with an id for each question. */
export type InterviewContent = Omit<InterviewInput, 'version' | 'questions'> & { questions: Question[] };

export interface Interview extends InterviewContent {
  id: string;
  organisationId: string;
  /** Grows by one with each change by a recruiter. */
  version: number;
  state: 'draft' | 'published';
  /** The last part of the link; null for a draft. */
  slug: string | null;
  /** Somebody has started, so questions and timing no longer change. */
  frozen: boolean;
  createdAt: number;
  updatedAt: number;
}

/** An interview without its content, as a list needs it. */
export type InterviewSummary = Pick<
  Interview,
  'id' | 'title' | 'state' | 'opensAt' | 'closesAt' | 'timeZone' | 'updatedAt'
> & { questionCount: number };

/** An interview as MongoDB holds it. */
export interface InterviewDocument {
  _id: mongoose.Types.ObjectId;
  organisationId: mongoose.Types.ObjectId;
  version: number;
  state: 'draft' | 'published';
  slug: string | null;
  title: string;
  introduction: string;
  contact: string | null;
  questions: Question[];
  totalTimeMs: number;
  autoStart: boolean;
  opensAt: number | null;
  closesAt: number | null;
  timeZone: string;
  access: { kind: 'link' | 'addresses'; addresses?: string[] };
  attemptsAllowed: number;
  frozenAt: number | null;
  /** Set while it is being deleted. */
  deletedAt: number | null;
  createdAt: number;
  updatedAt: number;
}

const required = <T>(type: T) => ({ type, required: true as const });

const questionSchema = new mongoose.Schema<Question>(
  {
    id: required(String),
    text: required(String),
    answerLimitMs: required(Number),
    thinkingTimeMs: required(Number),
    takesAllowed: required(Number),
  },
  { _id: false, id: false, strict: 'throw' },
);

const accessSchema = new mongoose.Schema<InterviewDocument['access']>(
  { kind: required(String), addresses: { type: [String], default: undefined } },
  { _id: false, id: false, strict: 'throw' },
);

export const interviewSchema = new mongoose.Schema<InterviewDocument>(
  {
    organisationId: required(mongoose.Schema.Types.ObjectId),
    version: required(Number),
    state: required(String),
    slug: { type: String, default: null },
    title: required(String),
    introduction: { type: String, default: '' },
    contact: { type: String, default: null },
    questions: [questionSchema],
    totalTimeMs: required(Number),
    autoStart: required(Boolean),
    opensAt: { type: Number, default: null },
    closesAt: { type: Number, default: null },
    timeZone: required(String),
    access: required(accessSchema),
    attemptsAllowed: required(Number),
    frozenAt: { type: Number, default: null },
    deletedAt: { type: Number, default: null },
    createdAt: required(Number),
    updatedAt: required(Number),
  },
  { collection: 'interviews', strict: 'throw', strictQuery: 'throw', versionKey: false },
);
interviewSchema.index({ organisationId: 1, _id: -1 });
// Partial, as every draft's slug is null.
interviewSchema.index({ slug: 1 }, { unique: true, partialFilterExpression: { slug: { $type: 'string' } } });
interviewSchema.index({ deletedAt: 1 }, { partialFilterExpression: { deletedAt: { $gt: 0 } } });

export function toInterview(document: InterviewDocument): Interview {
  const { _id, organisationId, version, state, slug, title, introduction, contact, questions, totalTimeMs } = document;
  const { autoStart, opensAt, closesAt, timeZone, access, attemptsAllowed, frozenAt, createdAt, updatedAt } = document;
  return {
    id: _id.toHexString(),
    organisationId: organisationId.toHexString(),
    ...{ version, state, slug, title, introduction, contact, questions, totalTimeMs, autoStart, opensAt, closesAt },
    ...{ timeZone, attemptsAllowed, createdAt, updatedAt },
    frozen: frozenAt !== null,
    access: access.kind === 'link' ? { kind: 'link' } : { kind: 'addresses', addresses: access.addresses ?? [] },
  };
}

/** What a list's query projects. */
export type RowDocument = Pick<
  InterviewDocument,
  '_id' | 'title' | 'state' | 'opensAt' | 'closesAt' | 'timeZone' | 'updatedAt'
> & { questionCount: number };

export function toRow({ _id, ...rest }: RowDocument): InterviewSummary {
  return { id: _id.toHexString(), ...rest };
}
