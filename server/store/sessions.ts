import mongoose from 'mongoose';
import { isDuplicateKey, toObjectId } from './connect.ts';
import { afterCursor, toPage, type Page, type PageRequest } from './paging.ts';
import { whileReachable } from './unavailable.ts';

/** What every stored session has; the rest of its content is the caller's and is kept as it is. */
export interface SessionKeys {
  id: string;
  version: number;
  interviewId: string;
  organisationId: string;
  accountId: string;
  attempt: number;
  state: string;
  /** When the sweep has to look at it next; null when never. */
  sweepAt: number | null;
  /** When somebody asked for the answers to be deleted. */
  deletionAskedAt?: number | null;
}

interface SessionDocument {
  _id: mongoose.Types.ObjectId;
  version: number;
  interviewId: string;
  organisationId: string;
  accountId: string;
  attempt: number;
  state: string;
  sweepAt: number | null;
  content: object;
}

const sessionSchema = new mongoose.Schema<SessionDocument>(
  {
    version: { type: Number, required: true },
    interviewId: { type: String, required: true },
    organisationId: { type: String, required: true },
    accountId: { type: String, required: true },
    attempt: { type: Number, required: true },
    state: { type: String, required: true },
    sweepAt: { type: Number, default: null },
    content: { type: Object, required: true },
  },
  { versionKey: false, minimize: false, strict: 'throw' },
)
  .index({ interviewId: 1, accountId: 1, attempt: 1 }, { unique: true })
  .index({ interviewId: 1, _id: -1 })
  .index({ accountId: 1, _id: -1 })
  .index({ state: 1, interviewId: 1 })
  .index({ sweepAt: 1 }, { partialFilterExpression: { sweepAt: { $gt: 0 } } });

export interface StateCount {
  interviewId: string;
  state: string;
  deletionAsked: boolean;
  count: number;
}

export interface Sessions<S extends SessionKeys> {
  /** Stores a new session; null when this person's attempt exists already. */
  create(session: Omit<S, 'id'>): Promise<S | null>;
  get(id: string): Promise<S | null>;
  /** Writes `next` if the stored version is still `version`; tells whether it did. */
  replace(next: S, version: number): Promise<boolean>;
  pageOfInterview(interviewId: string, page: PageRequest): Promise<Page<S>>;
  pageOfAccount(accountId: string, page: PageRequest): Promise<Page<S>>;
  /** A person's sessions of an interview, the oldest first. */
  ofVisitor(interviewId: string, accountId: string): Promise<S[]>;
  /** How many sessions the interviews have, by state and by whether their answers are to be deleted. */
  countByState(interviewIds: readonly string[]): Promise<StateCount[]>;
  /** The ids of at most `limit` sessions whose `sweepAt` has come, the longest due first. */
  dueForSweep(now: number, limit: number): Promise<string[]>;
  /** The ids of at most `limit` sessions in one of the states whose interview is closed or gone. */
  ofClosedInterviews(states: readonly string[], now: number, limit: number): Promise<string[]>;
  /** The states of those of the sessions that exist. */
  statesOf(ids: readonly string[]): Promise<Map<string, string>>;
  /** Whether there is a session at all. */
  any(): Promise<boolean>;
  /** Every session in one of the states. */
  inStates(states: readonly string[]): AsyncIterable<S>;
  ofInterview(interviewId: string): AsyncIterable<S>;
  remove(id: string): Promise<void>;
}

/** The sessions: one document each, changed by compare-and-set on its version. */
export function createSessions<S extends SessionKeys>(connection: mongoose.Connection): Sessions<S> {
  const model = connection.model<SessionDocument>('Session', sessionSchema);

  const toSession = ({ _id, content, ...keys }: SessionDocument): S =>
    ({ ...content, ...keys, id: _id.toHexString() }) as unknown as S;

  function toDocument(session: Omit<S, 'id'>): Omit<SessionDocument, '_id'> {
    const { version, interviewId, organisationId, accountId, attempt, state, sweepAt, ...rest } = session;
    const content: Record<string, unknown> = { ...rest };
    delete content['id'];
    return { version, interviewId, organisationId, accountId, attempt, state, sweepAt, content };
  }

  async function* stream(filter: mongoose.QueryFilter<SessionDocument>): AsyncIterable<S> {
    for await (const found of model.find(filter).sort({ _id: 1 }).lean().cursor()) yield toSession(found);
  }

  async function page(filter: object, { cursor, limit }: PageRequest): Promise<Page<S>> {
    const found = await model
      .find({ ...filter, ...afterCursor(cursor) })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean();
    return toPage(found, limit, toSession);
  }

  return whileReachable({
    async create(session) {
      try {
        return toSession((await model.create(toDocument(session))).toObject());
      } catch (error) {
        if (isDuplicateKey(error)) return null;
        throw error;
      }
    },
    async get(id) {
      const found = await model.findById(toObjectId(id)).lean();
      return found && toSession(found);
    },
    async replace(next, version) {
      const { matchedCount } = await model.replaceOne({ _id: toObjectId(next.id), version }, toDocument(next));
      return matchedCount === 1;
    },
    pageOfInterview: (interviewId, request) => page({ interviewId }, request),
    pageOfAccount: (accountId, request) => page({ accountId }, request),
    async ofVisitor(interviewId, accountId) {
      const found = await model.find({ interviewId, accountId }).sort({ _id: 1 }).lean();
      return found.map(toSession);
    },
    countByState: (interviewIds) =>
      model.aggregate<StateCount>([
        { $match: { interviewId: { $in: [...interviewIds] } } },
        { $set: { deletionAsked: { $gt: ['$content.deletionAskedAt', null] } } },
        {
          $group: {
            _id: { interviewId: '$interviewId', state: '$state', deletionAsked: '$deletionAsked' },
            count: { $sum: 1 },
          },
        },
        { $replaceWith: { $mergeObjects: ['$_id', { count: '$count' }] } },
      ]),
    async dueForSweep(now, limit) {
      const due = model.find({ sweepAt: { $gt: 0, $lte: now } }, { _id: 1 });
      const found = await due.sort({ sweepAt: 1 }).limit(limit).lean();
      return found.map(({ _id }) => _id.toHexString());
    },
    async ofClosedInterviews(states, now, limit) {
      const open = { deletedAt: null, $or: [{ closesAt: null }, { closesAt: { $gt: now } }] };
      const closed = await model.aggregate<{ _id: string }>([
        { $match: { state: { $in: [...states] } } },
        { $group: { _id: '$interviewId' } },
        { $set: { key: { $toObjectId: '$_id' } } },
        {
          $lookup: {
            ...{ from: 'interviews', localField: 'key', foreignField: '_id', as: 'open' },
            pipeline: [{ $match: open }, { $project: { _id: 1 } }],
          },
        },
        { $match: { open: { $size: 0 } } },
        { $limit: limit },
      ]);
      const inClosed = { interviewId: { $in: closed.map(({ _id }) => _id) }, state: { $in: [...states] } };
      const found = await model.find(inClosed, { _id: 1 }).limit(limit).lean();
      return found.map(({ _id }) => _id.toHexString());
    },
    async statesOf(ids) {
      const found = await model.find({ _id: { $in: ids.map(toObjectId) } }, { state: 1 }).lean();
      return new Map(found.map(({ _id, state }) => [_id.toHexString(), state]));
    },
    any: async () => (await model.exists({})) !== null,
    inStates: (states) => stream({ state: { $in: [...states] } }),
    ofInterview: (interviewId) => stream({ interviewId }),
    async remove(id) {
      await model.deleteOne({ _id: toObjectId(id) });
    },
  });
}
