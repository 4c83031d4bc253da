import mongoose from 'mongoose';
import type { roles } from '#protocol/account.ts';
import { isDuplicateKey, toObjectId } from './connect.ts';
import { whileReachable } from './unavailable.ts';

export type Role = (typeof roles)[number];

/** An organisation as one of its members sees it. */
export interface Membership {
  id: string;
  name: string;
  role: Role;
}

interface OrganisationDocument {
  _id: mongoose.Types.ObjectId;
  name: string;
  members: { accountId: mongoose.Types.ObjectId; role: Role }[];
  createdAt: number;
}

const organisationSchema = new mongoose.Schema<OrganisationDocument>(
  {
    name: { type: String, required: true },
    members: [
      new mongoose.Schema<OrganisationDocument['members'][number]>(
        { accountId: { type: mongoose.Schema.Types.ObjectId, required: true }, role: { type: String, required: true } },
        { _id: false, strict: 'throw' },
      ),
    ],
    createdAt: { type: Number, required: true },
  },
  { collection: 'organisations', strict: 'throw', strictQuery: 'throw', versionKey: false },
);
// Unique over all organisations: an account belongs to one at most.
organisationSchema.index({ 'members.accountId': 1 }, { unique: true });

export type Organisations = ReturnType<typeof createOrganisations>;

/** The organisations that make interviews, with their members. */
export function createOrganisations(connection: mongoose.Connection) {
  const model = connection.model<OrganisationDocument>('Organisation', organisationSchema);
  return whileReachable({
    /** The organisation that an account belongs to, if any. */
    async ofAccount(accountId: string): Promise<Membership | null> {
      const member = toObjectId(accountId);
      const found = await model
        .findOne({ 'members.accountId': member }, { name: 1, members: { $elemMatch: { accountId: member } } })
        .lean();
      const role = found?.members[0]?.role;
      return found && role ? { id: found._id.toHexString(), name: found.name, role } : null;
    },

    /** The name that candidates read; null when there is no such organisation. */
    async nameOf(id: string): Promise<string | null> {
      const found = await model.findById(toObjectId(id), { name: 1 }).lean();
      return found?.name ?? null;
    },

    /** Makes an organisation with its first member as admin; null when the account already belongs to one. */
    async create(name: string, accountId: string, now: number): Promise<Membership | null> {
      try {
        const made = await model.create({
          name,
          members: [{ accountId: toObjectId(accountId), role: 'admin' }],
          createdAt: now,
        });
        return { id: made._id.toHexString(), name, role: 'admin' };
      } catch (error) {
        if (isDuplicateKey(error)) return null;
        throw error;
      }
    },
  });
}
