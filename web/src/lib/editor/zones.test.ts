import { describe, expect, test } from 'vitest';
import { knownZones, toInstant, toLocal } from './zones.ts';

describe('a local time in a zone', () => {
  test('winter and summer have their own offsets', () => {
    expect(toInstant('2026-01-15T09:00', 'Europe/Berlin')).toEqual({ at: Date.UTC(2026, 0, 15, 8), problem: null });
    expect(toInstant('2026-07-15T09:00', 'Europe/Berlin')).toEqual({ at: Date.UTC(2026, 6, 15, 7), problem: null });
  });

  test('zones with half and quarter hours are exact', () => {
    expect(toInstant('2026-01-15T09:00', 'Asia/Kathmandu').at).toBe(Date.UTC(2026, 0, 15, 3, 15));
  });

  test('a time that clocks skip does not exist', () => {
    expect(toInstant('2026-03-29T02:30', 'Europe/Berlin')).toEqual({ at: null, problem: 'skipped' });
  });

  test('a time that happens twice is the first of both', () => {
    expect(toInstant('2026-10-25T02:30', 'Europe/Berlin')).toEqual({
      at: Date.UTC(2026, 9, 25, 0, 30),
      problem: 'repeated',
    });
  });

  test('nonsense is told apart', () => {
    expect(toInstant('', 'UTC').problem).toBe('invalid');
    expect(toInstant('2026-02-30T10:00', 'UTC').problem).toBe('invalid');
  });

  test('reading back gives the same text', () => {
    for (const zone of ['Europe/Berlin', 'America/St_Johns', 'Pacific/Apia', 'UTC']) {
      const { at } = toInstant('2026-11-21T09:30', zone);
      expect(toLocal(at ?? 0, zone)).toBe('2026-11-21T09:30');
    }
  });
});

test('the current zone is always on the list, once', () => {
  const zones = knownZones('Etc/Unusual');
  expect(zones.filter((zone) => zone === 'Etc/Unusual')).toHaveLength(1);
  expect(zones).toContain('UTC');
});
