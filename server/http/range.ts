/** Which bytes to send: everything, one part (both ends included), or none as the part asked for does not exist. */
export type ByteRange = { kind: 'whole' } | { kind: 'part'; start: number; end: number } | { kind: 'unsatisfiable' };

const WHOLE: ByteRange = { kind: 'whole' };
const UNSATISFIABLE: ByteRange = { kind: 'unsatisfiable' };
/** More digits than any file has, and still exact as a number. */
const SINGLE_RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/i;

/**
 * Reads a `Range` header (RFC 9110, 14.2). What is not understood, and several ranges at once, may be ignored by the
 * standard: then the whole is sent.
 */
export function parseRange(header: string | undefined, bytes: number): ByteRange {
  const match = header === undefined ? null : SINGLE_RANGE.exec(header.replaceAll(' ', ''));
  if (!match) return WHOLE;
  const [, first = '', last = ''] = match;
  if (first === '') return suffix(last, bytes);
  const start = Number(first);
  const end = last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1);
  if (last !== '' && Number(last) < start) return WHOLE;
  return start < bytes ? { kind: 'part', start, end } : UNSATISFIABLE;
}

/** The last so many bytes. */
function suffix(length: string, bytes: number): ByteRange {
  if (length === '') return WHOLE;
  if (Number(length) === 0 || bytes === 0) return UNSATISFIABLE;
  return { kind: 'part', start: Math.max(0, bytes - Number(length)), end: bytes - 1 };
}
