import type mongoose from 'mongoose';
import { toObjectId } from './connect.ts';
import {
  interviewSchema,
  toInterview,
  toRow,
  type Interview,
  type InterviewContent,
  type InterviewDocument,
  type InterviewSummary,
  type RowDocument,
} from './interview-document.ts';
import { afterCursor, toPage, type Page, type PageRequest } from './paging.ts';
import { whileReachable } from './unavailable.ts';

export type { Interview, InterviewContent, InterviewSummary };

/** One organisation's one interview: another organisation's id finds nothing. */
export interface InterviewKey {
  id: string;
  organisationId: string;
}

export type Interviews = ReturnType<typeof createInterviews>;

/** The interviews of all organisations. One that is being deleted is found by none of the reads. */
export function createInterviews(connection: mongoose.Connection) {
  const model = connection.model<InterviewDocument>('Interview', interviewSchema);
  const own = (key: InterviewKey) => ({ _id: toObjectId(key.id), organisationId: toObjectId(key.organisationId) });

  /** The one interview that matches; of its address list only `email` is read, if it is in there. */
  async function asVisitor(match: object, email: string): Promise<Interview | null> {
    const [found] = await model.aggregate<InterviewDocument>([
      { $match: { ...match, deletedAt: null } },
      {
        $set: { 'access.addresses': { $setIntersection: [{ $ifNull: ['$access.addresses', []] }, [email]] } },
      },
    ]);
    return found ? toInterview(found) : null;
  }

  return whileReachable({
    async create(organisationId: string, content: InterviewContent, now: number): Promise<Interview> {
      const made = await model.create({
        ...content,
        organisationId: toObjectId(organisationId),
        version: 1,
        state: 'draft',
        slug: null,
        frozenAt: null,
        deletedAt: null,
        createdAt: now,
        updatedAt: now,
      });
      return toInterview(made.toObject());
    },

    /** The interview, if it belongs to the organisation. */
    async get(key: InterviewKey): Promise<Interview | null> {
      const found = await model.findOne({ ...own(key), deletedAt: null }).lean();
      return found && toInterview(found);
    },

    /** The interview behind a link. Of its address list only `email` is read, if it is in there. */
    bySlug: (slug: string, email: string): Promise<Interview | null> => asVisitor({ slug }, email),

    /** The interview of a session as its candidate finds it. Of its address list only `email` is read, as above. */
    forVisitor: (id: string, email: string): Promise<Interview | null> => asVisitor({ _id: toObjectId(id) }, email),

    /** The interview of a session, without its address list. */
    async byId(id: string): Promise<Interview | null> {
      const found = await model
        .findOne({ _id: toObjectId(id), deletedAt: null })
        .select('-access.addresses')
        .lean<InterviewDocument>();
      return found && toInterview(found);
    },

    /** An organisation's interviews, the newest first. */
    async page(organisationId: string, page: PageRequest): Promise<Page<InterviewSummary>> {
      const documents = await model.aggregate<RowDocument>([
        { $match: { organisationId: toObjectId(organisationId), deletedAt: null, ...afterCursor(page.cursor) } },
        { $sort: { _id: -1 } },
        { $limit: page.limit + 1 },
        {
          $project: {
            ...{ title: 1, state: 1, opensAt: 1, closesAt: 1, timeZone: 1, updatedAt: 1 },
            questionCount: { $size: '$questions' },
          },
        },
      ]);
      return toPage(documents, page.limit, toRow);
    },

    /**
     * Replaces the content if nobody has changed it since `version` was read.
     * @param change.unlessFrozen for content that must not change once somebody has started
     * @returns the new interview, or null when one of the conditions did not hold
     */
    async replace(
      key: InterviewKey,
      change: { version: number; content: InterviewContent; unlessFrozen: boolean; now: number },
    ): Promise<Interview | null> {
      const changed = await model
        .findOneAndUpdate(
          {
            ...own(key),
            deletedAt: null,
            version: change.version,
            ...(change.unlessFrozen ? { frozenAt: null } : {}),
          },
          { $set: { ...change.content, updatedAt: change.now }, $inc: { version: 1 } },
          { returnDocument: 'after' },
        )
        .lean();
      return changed && toInterview(changed);
    },

    /** Gives a draft its slug; null when it is no draft any more or has changed since `version` was read. */
    async publish(
      key: InterviewKey,
      change: { version: number; slug: string; now: number },
    ): Promise<Interview | null> {
      const changed = await model
        .findOneAndUpdate(
          { ...own(key), deletedAt: null, state: 'draft', version: change.version },
          { $set: { state: 'published', slug: change.slug, updatedAt: change.now }, $inc: { version: 1 } },
          { returnDocument: 'after' },
        )
        .lean();
      return changed && toInterview(changed);
    },

    /**
     * Notes that somebody starts. Call it before the questions are read for the session: after it, no change of the
     * questions gets through any more.
     */
    async freeze(id: string, now: number): Promise<void> {
      await model.updateOne({ _id: toObjectId(id), frozenAt: null }, { $set: { frozenAt: now } });
    },

    /** Hides an interview from every read, the first half of deleting it. False when there is none. Can be repeated. */
    async hide(key: InterviewKey, now: number): Promise<boolean> {
      const result = await model.updateOne(own(key), { $set: { deletedAt: now } });
      return result.matchedCount === 1;
    },

    /** The second half: removes an interview that was hidden, when nothing refers to it any more. */
    async removeHidden(id: string): Promise<void> {
      await model.deleteOne({ _id: toObjectId(id), deletedAt: { $ne: null } });
    },

    /** Interviews whose deletion was begun and not finished, as after a crash. */
    async hidden(): Promise<string[]> {
      const found = await model.find({ deletedAt: { $gt: 0 } }, { _id: 1 }).lean();
      return found.map((document) => document._id.toHexString());
    },
  });
}
