import { expect, test } from 'vitest';
import { ManualClock } from '#server/clock.ts';
import { Allowances, REQUESTS_AT_ONCE } from './allowance.ts';

test('what is like new is forgotten, and nothing else', () => {
  const clock = new ManualClock();
  const allowances = new Allowances(clock);
  const connection = { disconnect: () => undefined };
  allowances.of('connected').enter(connection);
  allowances.of('spent').spend();
  allowances.of('waiting').waiting = 1;
  allowances.of('untouched');
  allowances.of('newcomer');
  expect(allowances.size).toBe(4);
  clock.advance(1_000);
  allowances.of('connected').leave(connection);
  allowances.of('waiting').waiting = 0;
  allowances.of('another');
  expect(allowances.size).toBe(1);
});

test('it fills up to its measure and no further, also over a clock that is put back', () => {
  let now = 0;
  const allowance = new Allowances({ now: () => now, at: () => ({ cancel: () => undefined }) }).of('ann');
  now = 3_600_000;
  for (let i = 0; i < REQUESTS_AT_ONCE; i++) expect(allowance.spend()).toBe('granted');
  now = 0;
  for (let i = 1; i < REQUESTS_AT_ONCE; i++) expect(allowance.spend()).toBe('refused');
  expect(allowance.spend()).toBe('flood');
  now = 1_000;
  expect(allowance.spend()).toBe('refused');
  now = 60_000;
  expect(allowance.spend()).toBe('granted');
});
