import { createHash } from 'node:crypto';
import mongoose from 'mongoose';
import { whileReachable } from './unavailable.ts';

/** What the embedded issuer keeps: sessions, interactions, grants, codes and refresh tokens, told apart by `model`. */
interface OidcPayload {
  uid?: string | undefined;
  userCode?: string | undefined;
  grantId?: string | undefined;
  /** Seconds since 1970 UTC; set once the code or token has been used. */
  consumed?: unknown;
}

interface PayloadDocument {
  /** Hash of model and id: the ids of codes and refresh tokens are the secrets themselves. */
  _id: string;
  model: string;
  grantId?: string;
  uid?: string;
  userCode?: string;
  /** JSON, since the payload's own keys (client ids, URLs) hold dots. */
  payload: string;
  consumedAt: number | null;
  expiresAt: Date | null;
}

const payloadSchema = new mongoose.Schema<PayloadDocument>(
  {
    _id: { type: String, required: true },
    model: { type: String, required: true },
    grantId: String,
    uid: String,
    userCode: String,
    payload: { type: String, required: true },
    consumedAt: { type: Number, default: null },
    expiresAt: { type: Date, default: null },
  },
  { collection: 'oidc_payloads', strict: 'throw', strictQuery: 'throw', versionKey: false },
);
payloadSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });
payloadSchema.index({ grantId: 1, model: 1 }, { sparse: true });
payloadSchema.index({ uid: 1, model: 1 }, { sparse: true });
payloadSchema.index({ userCode: 1, model: 1 }, { sparse: true });

/** These hold their own id where it is no secret by itself, so that they can be found by another key. */
const KEEPS_ITS_ID = new Set(['Session', 'DeviceCode']);

const MS_PER_S = 1000;

export type OidcPayloads = ReturnType<typeof createOidcPayloads>;

/** The embedded issuer's memory. MongoDB removes what has expired; readers check the instant themselves. */
export function createOidcPayloads(connection: mongoose.Connection) {
  const model = connection.model<PayloadDocument>('OidcPayload', payloadSchema);

  async function findBy(
    filter: { _id: string } | { model: string; uid: string } | { model: string; userCode: string },
  ) {
    const found = await model.findOne(filter).lean();
    if (!found) return undefined;
    const payload = JSON.parse(found.payload) as OidcPayload;
    if (found.consumedAt !== null) payload.consumed = Math.floor(found.consumedAt / MS_PER_S);
    return payload;
  }

  return whileReachable({
    /** Writes the payload whole. `expiresInS` undefined: it is kept until destroyed. */
    async upsert(kind: string, id: string, payload: OidcPayload, expiresInS: number | undefined): Promise<void> {
      const { grantId, uid, userCode } = payload;
      const kept = KEEPS_ITS_ID.has(kind) ? payload : { ...payload, jti: undefined };
      await model.replaceOne(
        { _id: keyOf(kind, id) },
        {
          model: kind,
          ...(grantId === undefined ? {} : { grantId }),
          ...(uid === undefined ? {} : { uid }),
          ...(userCode === undefined ? {} : { userCode }),
          payload: JSON.stringify(kept),
          consumedAt: null,
          expiresAt: expiresInS === undefined ? null : new Date(Date.now() + expiresInS * MS_PER_S),
        },
        { upsert: true },
      );
    },

    async find(kind: string, id: string): Promise<OidcPayload | undefined> {
      const payload = await findBy({ _id: keyOf(kind, id) });
      return payload && ({ ...payload, jti: id } as OidcPayload);
    },

    findByUid: (kind: string, uid: string) => findBy({ model: kind, uid }),
    findByUserCode: (kind: string, userCode: string) => findBy({ model: kind, userCode }),

    /** Marks it used. Of any number of callers exactly one gets true. */
    async consume(kind: string, id: string, now: number): Promise<boolean> {
      const filter = { _id: keyOf(kind, id), consumedAt: null };
      const { modifiedCount } = await model.updateOne(filter, { $set: { consumedAt: now } });
      return modifiedCount === 1;
    },

    async destroy(kind: string, id: string): Promise<void> {
      await model.deleteOne({ _id: keyOf(kind, id) });
    },

    /** Removes what of this kind was issued under the grant. */
    async revokeByGrantId(kind: string, grantId: string): Promise<void> {
      await model.deleteMany({ model: kind, grantId });
    },

    /** Removes the grant with every code and refresh token issued under it. */
    async revokeGrant(grantId: string): Promise<void> {
      await model.deleteOne({ _id: keyOf('Grant', grantId) });
      await model.deleteMany({ grantId });
    },
  });
}

function keyOf(kind: string, id: string): string {
  return createHash('sha256').update(`${kind}:${id}`).digest('base64url');
}
