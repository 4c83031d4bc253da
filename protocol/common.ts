import * as z from 'zod';

/** 24 hex digits: the id of an account, organisation, interview or session. */
export const id = z.string().regex(/^[0-9a-f]{24}$/, 'must be an id of 24 hex digits');
/** A short random id inside a session: a question's or a take's. */
export const shortId = z.string().regex(/^[A-Za-z0-9_-]{6,32}$/, 'must be a short id');
/** The unguessable last part of an interview's link: 128 random bits. */
export const slug = z.string().regex(/^[A-Za-z0-9_-]{16,32}$/, 'must be the last part of an interview link');
/** An instant, milliseconds since 1970 UTC, always the server's clock. */
export const instant = z.number().int();
/** A span of time in milliseconds. */
export const durationMs = z.number().int().nonnegative();
/** An e-mail address, trimmed and lower-cased so that comparison is exact. */
export const email = z.string().trim().toLowerCase().max(254).pipe(z.email());
/** What a person or an organisation is called: one line, without characters that turn the text around them. */
export const displayName = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(100)
  .regex(/^[^\u202A-\u202E\u2066-\u2069]*$/, 'must not hold characters that turn the text around');
/** A path parameter object holding one `id`. */
export const idParams = z.strictObject({ id });
/** Asks for one page of a list; the cursor is opaque and comes from the page before. */
export const pageQuery = z.strictObject({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});
/** A page of `item`s with the cursor of the next one, or null at the end. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });
/** A reply that carries nothing. */
export const empty = z.strictObject({});
