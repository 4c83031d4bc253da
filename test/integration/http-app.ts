import { join } from 'node:path';
import type { MeView } from '#protocol/account.ts';
import type { InterviewInput, InterviewView } from '#protocol/interview.ts';
import { createFolderStorage } from '#recorder/storage/folder.ts';
import { createPeople } from '#server/accounts/people.ts';
import { systemClock } from '#server/clock.ts';
import { createInterviewHandlers } from '#server/http/handlers/interviews.ts';
import { createPeopleHandlers } from '#server/http/handlers/people.ts';
import { createSessionHandlers } from '#server/http/handlers/sessions.ts';
import { createHttp } from '#server/http/http.ts';
import { createInterviewEditor } from '#server/interviews/editor.ts';
import { toContent } from '#server/interviews/editor-rules.ts';
import { createGate } from '#server/interviews/gate-service.ts';
import { createSessionDesk } from '#server/interviews/session-desk.ts';
import { createLogger } from '#server/log.ts';
import { createMediaUrls } from '#server/media-urls.ts';
import { callServer, createTestIssuer, portOf, PUBLIC_URL, type CallOptions, type Reply } from './http-harness.ts';
import { memorySessions } from './http-memory-sessions.ts';
import { startStore } from './http-store.ts';

export type TestApp = Awaited<ReturnType<typeof startApp>>;

/** The whole HTTP API on a real database, with tokens of an issuer of its own. */
export async function startApp() {
  const store = await startStore();
  const { accounts, organisations, interviews } = store;
  const sessions = memorySessions();
  const issuer = await createTestIssuer();
  const clock = systemClock;
  const people = createPeople({ accounts, organisations, clock });
  const editor = createInterviewEditor({ interviews, ...sessions, publicUrl: PUBLIC_URL, clock });
  const gate = createGate({ interviews, organisations, ...sessions, clock });
  const urls = createMediaUrls({ secret: 's'.repeat(32), ttlMs: 60_000, clock });
  const desk = createSessionDesk({ interviews, urls, ...sessions });
  const app = await createHttp({
    ...{ publicUrl: PUBLIC_URL, issuerOrigin: PUBLIC_URL, trustProxy: false, webRoot: null, mounts: [], people },
    verify: issuer.verify,
    handlers: {
      ...createPeopleHandlers({
        people,
        publicConfig: {
          ...{ productName: 'Goodtake', publicUrl: PUBLIC_URL, devMailbox: false },
          auth: { domain: 'issuer.test', clientId: 'web', audience: 'api', embedded: false },
        },
      }),
      ...createInterviewHandlers({ editor }),
      ...createSessionHandlers({ gate, desk }),
    },
    media: {
      urls,
      storage: createFolderStorage({ directory: join(store.folder, 'storage') }),
      replays: { open: () => Promise.resolve(null) },
    },
    checks: { database: () => store.store.ping() },
    log: createLogger('silent'),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const port = portOf(app.server);
  const call = <T>(method: string, path: string, options?: CallOptions): Promise<Reply<T>> =>
    callServer<T>(port, method, path, options);

  async function close(id: string, input: InterviewInput): Promise<void> {
    const found = await interviews.byId(id);
    if (!found) throw new Error('the interview is gone');
    const change = { version: found.version, content: toContent(input, found.questions), unlessFrozen: false };
    await interviews.replace({ id, organisationId: found.organisationId }, { ...change, now: clock.now() });
  }

  return {
    call,
    sign: issuer.sign,
    records: sessions.records,
    store,

    /** Somebody who has said their name; their token and what they see of themselves. */
    async person(subject: string): Promise<{ token: string; me: MeView }> {
      const token = await issuer.sign(subject);
      const reply = await call<MeView>('PUT', '/api/me', { token, body: { name: `The ${subject}` } });
      if (reply.status !== 200) throw new Error(`signing in was answered by ${reply.text}`);
      return { token, me: reply.body };
    },

    /** Somebody with an organisation of their own. */
    async recruiter(subject: string): Promise<{ token: string; me: MeView }> {
      const { token } = await this.person(subject);
      const body = { name: `Organisation of ${subject}` };
      const reply = await call<MeView>('POST', '/api/organisations', { token, body });
      if (reply.status !== 200) throw new Error(`the organisation was answered by ${reply.text}`);
      return { token, me: reply.body };
    },

    /** An interview with a link; `closesAt` may have passed since. */
    async publish(token: string, changes: Partial<InterviewInput> = {}): Promise<InterviewView & { slug: string }> {
      const body = interviewInput({ ...changes, closesAt: null });
      const made = await call<InterviewView>('POST', '/api/interviews', { token, body });
      const reply = await call<InterviewView>('POST', `/api/interviews/${made.body.id}/publish`, { token });
      const { slug } = reply.body;
      if (reply.status !== 200 || slug === null) throw new Error(`publishing was answered by ${reply.text}`);
      if (changes.closesAt !== undefined) await close(reply.body.id, interviewInput(changes));
      return { ...reply.body, slug };
    },

    async close(): Promise<void> {
      await app.close();
      await store.close();
    },
  };
}

/** A whole interview with one question. */
export function interviewInput(changes: Partial<InterviewInput> = {}): InterviewInput {
  return {
    ...{ version: 0, title: 'Engineer', introduction: 'Hello', contact: null, totalTimeMs: 600_000, autoStart: false },
    ...{ opensAt: null, closesAt: null, timeZone: 'Europe/Berlin', attemptsAllowed: 1, access: { kind: 'link' } },
    questions: [{ text: 'Why?', answerLimitMs: 30_000, thinkingTimeMs: 0, takesAllowed: 3 }],
    ...changes,
  };
}
