import { errors, type Adapter, type AdapterFactory, type AdapterPayload } from 'oidc-provider';
import type { Clock } from '#server/clock.ts';
import type { OidcPayloads } from '#server/store/oidc-payloads.ts';

/** Lets oidc-provider keep what it must in the database. */
export function createProviderAdapter(options: { payloads: OidcPayloads; clock: Clock }): AdapterFactory {
  const { payloads, clock } = options;
  return (kind): Adapter => ({
    upsert: (id, payload, expiresInS) => payloads.upsert(kind, id, payload, expiresInS),
    find: (id) => payloads.find(kind, id) as Promise<AdapterPayload | undefined>,
    findByUid: (uid) => payloads.findByUid(kind, uid) as Promise<AdapterPayload | undefined>,
    findByUserCode: (code) => payloads.findByUserCode(kind, code) as Promise<AdapterPayload | undefined>,
    destroy: (id) => payloads.destroy(kind, id),
    revokeByGrantId: (grantId) => payloads.revokeByGrantId(kind, grantId),

    /**
     * The provider looks first and consumes afterwards. Of two uses at the same time the slower one is caught here:
     * a code or refresh token used twice was copied, so all that was issued under its grant ends (RFC 9700, 4.14.2).
     */
    async consume(id) {
      if (await payloads.consume(kind, id, clock.now())) return;
      const used = (await payloads.find(kind, id)) as AdapterPayload | undefined;
      if (used?.grantId !== undefined) await payloads.revokeGrant(used.grantId);
      throw new errors.InvalidGrant('already used');
    },
  });
}
