import { GenericError, MissingRefreshTokenError, TimeoutError } from '@auth0/auth0-spa-js';
import { expect, test } from 'vitest';
import { safePath, tokenError } from './auth.ts';

const ONLINE = true;

test.each(['login_required', 'consent_required', 'interaction_required', 'invalid_grant'])(
  'the issuer’s refusal %s asks for a new sign-in',
  (code) => {
    expect(tokenError(new GenericError(code, 'No'), ONLINE).code).toBe('unauthenticated');
  },
);

test('so does a refresh token that is not there any more', () => {
  expect(tokenError(new MissingRefreshTokenError('audience', 'openid'), ONLINE).code).toBe('unauthenticated');
});

test.each([
  ['the page of a proxy in the place of JSON', new SyntaxError('Unexpected token <')],
  ['an error without a known code', new GenericError('request_error', 'HTTP error. Unable to fetch')],
  ['a fault of the issuer', new GenericError('server_error', 'Sorry')],
  ['an issuer that is overloaded', new GenericError('temporarily_unavailable', 'Later')],
  ['an issuer that does not answer in time', new TimeoutError()],
])('%s passes', (_, cause) => {
  expect(tokenError(cause, ONLINE).code).toBe('unavailable');
});

test('a network that is away is told as such', () => {
  expect(tokenError(new TypeError('Failed to fetch'), ONLINE).code).toBe('offline');
  expect(tokenError(new GenericError('request_error', 'HTTP error'), !ONLINE).code).toBe('offline');
});

test('only paths of this site are followed after signing in', () => {
  expect(['/me', '//evil.example', '/\\evil.example', 'https://evil.example', null].map(safePath)).toEqual([
    '/me',
    '/',
    '/',
    '/',
    '/',
  ]);
});
