import mongoose from 'mongoose';
import { whileReachable } from './unavailable.ts';

/** A code that was sent and has neither been used nor replaced. */
interface OneTimeCode {
  /** The address it was sent to, lower case. */
  email: string;
  /** Keyed hash of the code; the code itself is only in the mail. */
  hash: string;
  expiresAt: number;
  /** Attempts so far, the one that is being made included. */
  tries: number;
}

interface CodeDocument extends OneTimeCode {
  /** The sign-in it belongs to: a code works only in the browser that asked for it. */
  _id: string;
  removeAt: Date;
}

const codeSchema = new mongoose.Schema<CodeDocument>(
  {
    _id: { type: String, required: true },
    email: { type: String, required: true },
    hash: { type: String, required: true },
    expiresAt: { type: Number, required: true },
    tries: { type: Number, required: true },
    removeAt: { type: Date, required: true },
  },
  { collection: 'one_time_codes', strict: 'throw', strictQuery: 'throw', versionKey: false },
);
codeSchema.index({ removeAt: 1 }, { expireAfterSeconds: 0 });

/** An expired code stays this long, so that the page can say "expired" and not "wrong". */
const KEEP_EXPIRED_MS = 3_600_000;

export type OneTimeCodes = ReturnType<typeof createOneTimeCodes>;

/** The codes that were mailed, one for each sign-in that is under way. */
export function createOneTimeCodes(connection: mongoose.Connection) {
  const model = connection.model<CodeDocument>('OneTimeCode', codeSchema);
  return whileReachable({
    /** Keeps the code as the only one of this sign-in; an earlier one is dead from then on. */
    async replace(signInId: string, code: Omit<OneTimeCode, 'tries'>): Promise<void> {
      const { email, hash, expiresAt } = code;
      await model.replaceOne(
        { _id: signInId },
        { email, hash, expiresAt, tries: 0, removeAt: new Date(expiresAt + KEEP_EXPIRED_MS) },
        { upsert: true },
      );
    },

    /**
     * Counts one attempt and returns the code to compare with; null when there is none that may still be tried.
     * Counting and reading are one operation, so attempts at the same time cannot share a number.
     */
    async countTry(signInId: string, limits: { now: number; maxTries: number }): Promise<OneTimeCode | null> {
      return model
        .findOneAndUpdate(
          { _id: signInId, expiresAt: { $gt: limits.now }, tries: { $lt: limits.maxTries } },
          { $inc: { tries: 1 } },
          { returnDocument: 'after' },
        )
        .lean();
    },

    /** The code as it is, dead or alive; null when none was sent or it has been used. */
    async find(signInId: string): Promise<OneTimeCode | null> {
      return model.findById(signInId).lean();
    },

    /** Uses the code up. Of any number of callers exactly one gets true. */
    async use(signInId: string, hash: string): Promise<boolean> {
      const { deletedCount } = await model.deleteOne({ _id: signInId, hash });
      return deletedCount === 1;
    },
  });
}
