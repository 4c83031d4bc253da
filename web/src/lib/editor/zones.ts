import { Temporal } from 'temporal-polyfill';

/** What a local date and time means in a zone. */
export interface LocalTime {
  /** Milliseconds since 1970 UTC; null when there is no such time. */
  at: number | null;
  /**
   * `invalid`: not a date and time at all. `skipped`: clocks are put forward over it. `repeated`: clocks are put back,
   * so it happens twice; `at` is the first.
   */
  problem: 'invalid' | 'skipped' | 'repeated' | null;
}

/**
 * Reads the value of a `datetime-local` field as wall-clock time in `timeZone`, daylight saving included.
 * @param local such as `2026-11-21T09:30`
 */
export function toInstant(local: string, timeZone: string): LocalTime {
  let wall: Temporal.PlainDateTime;
  try {
    wall = Temporal.PlainDateTime.from(local, { overflow: 'reject' });
  } catch {
    return { at: null, problem: 'invalid' };
  }
  const earlier = wall.toZonedDateTime(timeZone, { disambiguation: 'earlier' });
  const later = wall.toZonedDateTime(timeZone, { disambiguation: 'later' });
  if (!earlier.toPlainDateTime().equals(wall)) return { at: null, problem: 'skipped' };
  const repeated = earlier.epochMilliseconds !== later.epochMilliseconds;
  return { at: earlier.epochMilliseconds, problem: repeated ? 'repeated' : null };
}

/** An instant as a `datetime-local` field shows it, to the minute, in `timeZone`. */
export function toLocal(at: number, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(at)
    .toZonedDateTimeISO(timeZone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'minute' });
}

/** Every zone that this browser knows, `current` among them. */
export function knownZones(current: string): string[] {
  return [...new Set([...Intl.supportedValuesOf('timeZone'), 'UTC', current])].sort();
}
