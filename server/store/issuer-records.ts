import { randomBytes } from 'node:crypto';
import mongoose from 'mongoose';
import { isDuplicateKey } from './connect.ts';
import { whileReachable } from './unavailable.ts';

interface SubjectDocument {
  /** The subject: random, so that it says nothing of the address. */
  _id: string;
  email: string;
  createdAt: number;
}

const subjectSchema = new mongoose.Schema<SubjectDocument>(
  {
    _id: { type: String, required: true },
    email: { type: String, required: true },
    createdAt: { type: Number, required: true },
  },
  { collection: 'issuer_subjects', strict: 'throw', strictQuery: 'throw', versionKey: false },
);
subjectSchema.index({ email: 1 }, { unique: true });

interface SealedDocument {
  _id: string;
  box: string;
}

const sealedSchema = new mongoose.Schema<SealedDocument>(
  { _id: { type: String, required: true }, box: { type: String, required: true } },
  { collection: 'issuer_keys', strict: 'throw', strictQuery: 'throw', versionKey: false },
);

const SUBJECT_BYTES = 16;

export type IssuerRecords = ReturnType<typeof createIssuerRecords>;

/** What the embedded issuer must never forget: who stands behind an address, and its sealed signing key. */
export function createIssuerRecords(connection: mongoose.Connection) {
  const subjects = connection.model<SubjectDocument>('IssuerSubject', subjectSchema);
  const keys = connection.model<SealedDocument>('IssuerKey', sealedSchema);

  return whileReachable({
    /** The subject of an address (lower case), the same for ever; made at the first sign-in. */
    async subjectOf(email: string, now: number): Promise<string> {
      const known = await subjects.findOne({ email }).lean();
      if (known) return known._id;
      try {
        const made = await subjects.create({
          _id: randomBytes(SUBJECT_BYTES).toString('hex'),
          email,
          createdAt: now,
        });
        return made._id;
      } catch (error) {
        // Two first sign-ins at once: the other one's subject counts.
        if (!isDuplicateKey(error)) throw error;
        const winner = await subjects.findOne({ email }).lean();
        if (!winner) throw error;
        return winner._id;
      }
    },

    /** The address behind a subject; null when there is none. */
    async emailOf(subject: string): Promise<string | null> {
      const found = await subjects.findById(subject).lean();
      return found?.email ?? null;
    },

    /** The sealed signing key, or null before the first start. */
    async sealedKey(name: string): Promise<string | null> {
      const found = await keys.findById(name).lean();
      return found?.box ?? null;
    },

    /**
     * Keeps `box` where `previous` lay (null: nothing did).
     * @returns the box that is kept now: another server's when it was quicker
     */
    async keepSealedKey(name: string, box: string, previous: string | null): Promise<string> {
      try {
        if (previous === null) await keys.create({ _id: name, box });
        else await keys.updateOne({ _id: name, box: previous }, { $set: { box } });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
      const kept = await keys.findById(name).lean();
      if (!kept) throw new Error('the sealed signing key could not be kept');
      return kept.box;
    },
  });
}
