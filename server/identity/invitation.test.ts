import { expect, test } from 'vitest';
import { invitationOf } from './invitation.ts';

const SLUG = 'abcdefghijklmnopqrstuv';

test.each([
  [`goodtake-invitation=${SLUG}`, `/i/${SLUG}`],
  [`a=b; goodtake-invitation=${SLUG}; c=d`, `/i/${SLUG}`],
  ['goodtake-invitation=//evil.example/page', null],
  [`other-goodtake-invitation=${SLUG}`, null],
  [undefined, null],
])('from the cookies %s one came from %s', (cookie, path) => {
  expect(invitationOf({ headers: cookie === undefined ? {} : { cookie } })).toBe(path);
});
