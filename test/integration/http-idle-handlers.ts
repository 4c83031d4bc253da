import { AppError } from '#protocol/errors.ts';
import type { Handlers } from '#server/http/calls.ts';
import { PUBLIC_URL } from './http-harness.ts';

/** For tests of what surrounds the handlers: the few that such a test calls answer by themselves. */
export function idleHandlers(): Handlers {
  const idle = () => Promise.reject(new AppError('unavailable', 'Nothing is behind this.'));
  return {
    ...{
      createOrganisation: idle,
      listInterviews: idle,
      createInterview: idle,
      getInterview: idle,
      putInterview: idle,
    },
    ...{ deleteInterview: idle, publishInterview: idle, listSessions: idle, getSession: idle, deleteAnswers: idle },
    ...{ gate: idle, consent: idle, listMySessions: idle, getMySession: idle },
    withdraw: () => Promise.reject(new Error('a detail that is nobody else’s business')),
    config: () => ({
      ...{ productName: 'Goodtake', publicUrl: PUBLIC_URL, devMailbox: false, secret: 'not of the contract' },
      auth: { domain: 'd', clientId: 'c', audience: 'a', embedded: true },
    }),
    getMe: ({ caller }) => ({ ...caller, organisation: null }),
    putMe: ({ caller, body }) => ({ ...caller, name: body.name, phone: body.phone ?? null, organisation: null }),
  };
}
