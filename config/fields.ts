import { isIP } from 'node:net';
import { z } from 'zod';

/** How one setting's text is read. `wanted` completes "must be …": an operator needs that, not the chain of checks. */
export interface Field<T> {
  schema: z.ZodType<T, string>;
  wanted: string;
}

/** A whole number from `min` to `max`, written in decimal. */
export const integer = (min: number, max: number): Field<number> => ({
  schema: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max),
  wanted: `a whole number from ${min} to ${max}`,
});

export const port = (): Field<number> => integer(1, 65535);

export const flag = (): Field<boolean> => ({
  schema: z.enum(['true', 'false']).transform((value) => value === 'true'),
  wanted: 'true or false',
});

/** One of a few words. */
export const word = <const T extends readonly [string, ...string[]]>(words: T): Field<T[number]> => ({
  schema: z.string().refine((value): value is T[number] => words.includes(value)),
  wanted: `one of ${words.join(', ')}`,
});

/** One line of text, of `min` to `max` characters. */
export const text = (min = 1, max = 1000): Field<string> => ({
  schema: z.string().refine((value) => value.length >= min && value.length <= max && !/[\r\n]/.test(value)),
  wanted: `one line of ${min} to ${max} characters`,
});

export const ipAddress = (): Field<string> => ({
  schema: z.string().refine((value) => isIP(value) !== 0),
  wanted: 'an IP address such as 0.0.0.0',
});

/** The name or address of a host, without a port. */
export const host = (): Field<string> => ({
  schema: z.string().refine((value) => isIP(value) !== 0 || z.hostname().safeParse(value).success),
  wanted: 'a host name or an IP address, without a port',
});

/** A URL of one of the given schemes, each written with its colon. */
export const url = (schemes: readonly string[], example: string): Field<string> => ({
  schema: z.string().refine((value) => schemes.includes(schemeOf(value))),
  wanted: `a URL such as ${example}`,
});

/** A comma-separated list with at least one member. */
export const list = (isMember: (value: string) => boolean, wanted: string): Field<string[]> => ({
  schema: z
    .string()
    .transform((value) => value.split(',').map((part) => part.trim()))
    .refine((parts) => parts.every(isMember)),
  wanted,
});

/** Whether a host, as a URL spells it, means this machine alone. */
export function isLocalHost(hostname: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

/** The one public origin: a secure one, as browsers give the camera to no other, or one on this machine. */
export const publicOrigin = (): Field<string> => ({
  schema: z
    .string()
    .refine((value) => URL.canParse(value))
    .transform((value) => new URL(value))
    .refine((value) => value.pathname === '/' && !value.search && !value.hash && !value.username && !value.password)
    .refine(({ protocol, hostname }) => protocol === 'https:' || (protocol === 'http:' && isLocalHost(hostname)))
    .transform(({ origin }) => origin),
  wanted: 'an origin without a path, such as https://interviews.example.org (http only on localhost)',
});

/** `turn:` and `mongodb:` URLs are not all what the WHATWG parser takes, so only the scheme is looked at. */
export function schemeOf(value: string): string {
  return /^([a-z][a-z0-9+.-]*:)\S+$/i.exec(value)?.[1]?.toLowerCase() ?? '';
}
