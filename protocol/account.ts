import * as z from 'zod';
import { displayName, id } from './common.ts';

/** What a person may say of themselves. The e-mail address comes from the issuer and cannot be set here. */
export const profileInput = z.strictObject({
  name: displayName,
  phone: z
    .string()
    .trim()
    .regex(/^\+?[0-9 ()./-]{5,30}$/, 'must be a phone number, such as +49 30 123456')
    .optional(),
});
export type ProfileInput = z.infer<typeof profileInput>;

export const organisationInput = z.strictObject({ name: displayName });

export const roles = ['admin', 'recruiter', 'reviewer'] as const;

/** The signed-in person. `name` is null until the first sign-in is complete; `organisation` null for a pure candidate. */
export const meView = z.object({
  id,
  email: z.string(),
  name: z.string().nullable(),
  phone: z.string().nullable(),
  organisation: z.object({ id, name: z.string(), role: z.enum(roles) }).nullable(),
});
export type MeView = z.infer<typeof meView>;

/** Holds the last part of the invitation's link while its visitor signs in, so that the issuer's pages can lead back. */
export const INVITATION_COOKIE = 'goodtake-invitation';

/** What the web application needs before anybody has signed in. */
export const publicConfig = z.object({
  productName: z.string(),
  publicUrl: z.string(),
  auth: z.object({ domain: z.string(), clientId: z.string(), audience: z.string(), embedded: z.boolean() }),
  devMailbox: z.boolean(),
});
export type PublicConfig = z.infer<typeof publicConfig>;
