import mongoose from 'mongoose';
import { isDuplicateKey, toObjectId } from './connect.ts';
import { whileReachable } from './unavailable.ts';

/** A person who has signed in, known by the issuer's word for them. */
export interface Account {
  id: string;
  issuer: string;
  subject: string;
  /** Lower case, and verified by the issuer. */
  email: string;
  /** Null until the person has said it. */
  name: string | null;
  phone: string | null;
}

/** Who the issuer says is signed in; `email` has been verified by it. */
export interface AccountKey {
  issuer: string;
  subject: string;
  email: string;
}

interface AccountDocument {
  _id: mongoose.Types.ObjectId;
  issuer: string;
  subject: string;
  email: string;
  name: string | null;
  phone: string | null;
  createdAt: number;
}

const accountSchema = new mongoose.Schema<AccountDocument>(
  {
    issuer: { type: String, required: true },
    subject: { type: String, required: true },
    email: { type: String, required: true },
    name: { type: String, default: null },
    phone: { type: String, default: null },
    createdAt: { type: Number, required: true },
  },
  { collection: 'accounts', strict: 'throw', strictQuery: 'throw', versionKey: false },
);
accountSchema.index({ issuer: 1, subject: 1 }, { unique: true });

export type Accounts = ReturnType<typeof createAccounts>;

/** The people who have signed in, one account for each issuer and subject. */
export function createAccounts(connection: mongoose.Connection) {
  const model = connection.model<AccountDocument>('Account', accountSchema);

  async function find(key: Pick<AccountKey, 'issuer' | 'subject'>): Promise<Account | null> {
    const found = await model.findOne({ issuer: key.issuer, subject: key.subject }).lean();
    return found && toAccount(found);
  }

  return whileReachable({
    find,

    async get(id: string): Promise<Account | null> {
      const found = await model.findById(toObjectId(id)).lean();
      return found && toAccount(found);
    },

    /** Finds the account or makes it, and follows the issuer when the address has changed. */
    async signIn(key: AccountKey, now: number): Promise<Account> {
      const known = await find(key);
      const email = key.email.toLowerCase();
      if (known?.email === email) return known;
      const filter = { issuer: key.issuer, subject: key.subject };
      const update = { $set: { email }, $setOnInsert: { name: null, phone: null, createdAt: now } };
      const upsert = () => model.findOneAndUpdate(filter, update, { upsert: true, returnDocument: 'after' }).lean();
      try {
        return toAccount(await upsert());
      } catch (error) {
        // Two first visits at once: the other one has made the account.
        if (!isDuplicateKey(error)) throw error;
        return toAccount(await upsert());
      }
    },

    /** Sets what a person says of themselves; null when there is no such account. */
    async setProfile(id: string, profile: { name: string; phone: string | null }): Promise<Account | null> {
      const changed = await model
        .findByIdAndUpdate(toObjectId(id), { $set: profile }, { returnDocument: 'after' })
        .lean();
      return changed && toAccount(changed);
    },
  });
}

function toAccount(document: AccountDocument): Account {
  const { _id, issuer, subject, email, name, phone } = document;
  return { id: _id.toHexString(), issuer, subject, email, name, phone };
}
