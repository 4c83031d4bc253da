import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { InterviewInput, InterviewView } from '#protocol/interview.ts';
import { ManualClock } from '#server/clock.ts';
import { createInterviewEditor, type InterviewCounts, type InterviewEditor } from '#server/interviews/editor.ts';
import { toContent } from '#server/interviews/editor-rules.ts';
import { STORE_START_TIMEOUT_MS, startStore } from './http-store.ts';

const ACME = 'a'.repeat(24);
const OTHER = 'b'.repeat(24);

let store: Awaited<ReturnType<typeof startStore>>;
let editor: InterviewEditor;
const clock = new ManualClock();
const counts = new Map<string, InterviewCounts>();
let erase: (interviewId: string) => Promise<void>;

beforeAll(async () => {
  store = await startStore();
  editor = createInterviewEditor({
    interviews: store.interviews,
    countSessions: (ids) => Promise.resolve(new Map([...counts].filter(([id]) => ids.includes(id)))),
    eraseSessions: (id) => erase(id),
    publicUrl: 'https://interviews.test',
    clock,
  });
}, STORE_START_TIMEOUT_MS);
afterAll(() => store.close(), STORE_START_TIMEOUT_MS);
beforeEach(() => {
  erase = () => Promise.resolve();
});

const question = { text: 'Why?', answerLimitMs: 30_000, thinkingTimeMs: 10_000, takesAllowed: 3 };

function input(changes: Partial<InterviewInput> = {}): InterviewInput {
  return {
    ...{ version: 0, title: 'Engineer', introduction: '', contact: null, questions: [question], totalTimeMs: 600_000 },
    ...{ autoStart: false, opensAt: null, closesAt: null, timeZone: 'Europe/Berlin', attemptsAllowed: 1 },
    access: { kind: 'link' },
    ...changes,
  };
}

/** What a page would send back after reading the view. */
function edited(view: InterviewView, changes: Partial<InterviewInput> = {}): InterviewInput {
  const { version, questions, access } = view;
  return input({ version, questions, access, title: view.title, totalTimeMs: view.totalTimeMs, ...changes });
}

const own = (view: { id: string }) => ({ id: view.id, organisationId: ACME });
const foreign = (view: { id: string }) => ({ id: view.id, organisationId: OTHER });

describe('a draft', () => {
  test('is made, read and replaced; its questions keep their ids', async () => {
    const made = await editor.create(ACME, input({ questions: [question, { ...question, text: 'How?' }] }));
    expect(made).toMatchObject({ version: 1, state: 'draft', slug: null, link: null, frozen: false });
    expect(made.neededTimeMs).toBe(2 * (10_000 + 3_000 + 30_000));
    const [first, second] = made.questions;
    if (!first || !second) throw new Error('two questions were expected');
    clock.advance(1000);
    const changed = await editor.put(own(made), edited(made, { questions: [second, question], title: 'Designer' }));
    expect(changed).toMatchObject({ version: 2, title: 'Designer', updatedAt: made.updatedAt + 1000 });
    expect(changed.questions[0]).toEqual(second);
    expect([first.id, second.id]).not.toContain(changed.questions[1]?.id);
    expect(await editor.get(own(made))).toEqual(changed);
  });

  test('of another organisation does not exist', async () => {
    const made = await editor.create(ACME, input());
    const gone = { code: 'not_found' };
    await expect(editor.get(foreign(made))).rejects.toMatchObject(gone);
    await expect(editor.put(foreign(made), edited(made))).rejects.toMatchObject(gone);
    await expect(editor.publish(foreign(made))).rejects.toMatchObject(gone);
    await expect(editor.remove(foreign(made))).rejects.toMatchObject(gone);
    expect((await editor.get(own(made))).version).toBe(1);
  });

  test('that was changed meanwhile is not overwritten', async () => {
    const made = await editor.create(ACME, input());
    await editor.put(own(made), edited(made, { title: 'One' }));
    await expect(editor.put(own(made), edited(made, { title: 'Two' }))).rejects.toMatchObject({
      code: 'version_conflict',
    });
    expect((await editor.get(own(made))).title).toBe('One');
  });

  test('changed by two at once takes one change', async () => {
    const made = await editor.create(ACME, input());
    const titles = Array.from({ length: 8 }, (_unused, index) => `Title ${index}`);
    const results = await Promise.allSettled(titles.map((title) => editor.put(own(made), edited(made, { title }))));
    const won = results.filter((result) => result.status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'version_conflict' });
    }
    expect(await editor.get(own(made))).toMatchObject({ version: 2, title: won[0]?.value.title });
  });

  test('holds 5000 addresses, each once', async () => {
    const addresses = Array.from({ length: 5000 }, (_unused, index) => `candidate${index}@example.org`);
    const made = await editor.create(
      ACME,
      input({ access: { kind: 'addresses', addresses: [...addresses, 'candidate0@example.org'] } }),
    );
    expect(made.access).toEqual({ kind: 'addresses', addresses });
    expect((await editor.get(own(made))).access).toEqual(made.access);
    const linked = await editor.put(own(made), edited(made, { access: { kind: 'link' } }));
    expect((await editor.get(own(made))).access).toEqual({ kind: 'link' });
    expect(linked.version).toBe(2);
  });
});

describe('publishing', () => {
  test('with a date of closing that has passed is refused, before and after', async () => {
    const passed = { code: 'bad_request', field: 'closesAt' };
    const late = await editor.create(ACME, input({ closesAt: clock.now() }));
    await expect(editor.publish(own(late))).rejects.toMatchObject(passed);
    const open = await editor.publish(own(await editor.create(ACME, input({ closesAt: clock.now() + 1000 }))));
    await expect(editor.put(own(open), edited(open, { closesAt: clock.now() }))).rejects.toMatchObject(passed);
    // What has closed since can be changed without being opened again.
    clock.advance(2000);
    const { closesAt } = open;
    expect((await editor.put(own(open), edited(open, { closesAt, title: 'Late' }))).title).toBe('Late');
  });

  test('gives one unguessable link, however often it is asked for', async () => {
    const made = await editor.create(ACME, input());
    const views = await Promise.all([1, 2, 3].map(() => editor.publish(own(made))));
    expect(new Set(views.map((view) => view.slug)).size).toBe(1);
    expect(views[0]?.slug).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(views[0]?.link).toBe(`https://interviews.test/i/${views[0]?.slug}`);
    expect(views[0]?.state).toBe('published');
    const other = await editor.publish(own(await editor.create(ACME, input())));
    expect(other.slug).not.toBe(views[0]?.slug);
  });

  test.each([
    ['without a question', { questions: [] }, 'questions'],
    ['for nobody', { access: { kind: 'addresses' as const, addresses: [] } }, 'access.addresses'],
  ])('%s is refused, and so is making a published one so', async (_title, changes, field) => {
    const refusal = { code: 'bad_request', field };
    const draft = await editor.create(ACME, input(changes));
    await expect(editor.publish(own(draft))).rejects.toMatchObject(refusal);
    const published = await editor.publish(own(await editor.create(ACME, input())));
    await expect(editor.put(own(published), edited(published, changes))).rejects.toMatchObject(refusal);
  });

  test('a link reads of the address list only what concerns the visitor', async () => {
    const addresses = ['ann@example.org', 'bob@example.org'];
    const made = await editor.create(ACME, input({ access: { kind: 'addresses', addresses } }));
    const { slug } = await editor.publish(own(made));
    const seen = async (email: string) => (await store.interviews.bySlug(slug ?? '', email))?.access;
    expect(await seen('ann@example.org')).toEqual({ kind: 'addresses', addresses: ['ann@example.org'] });
    expect(await seen('eve@example.org')).toEqual({ kind: 'addresses', addresses: [] });
    expect(await store.interviews.bySlug('AAAAAAAAAAAAAAAAAAAAAA', 'ann@example.org')).toBeNull();
  });
});

describe('once somebody has started', () => {
  test('questions and times stay, all else may change', async () => {
    const made = await editor.publish(own(await editor.create(ACME, input())));
    await store.interviews.freeze(made.id, clock.now());
    await store.interviews.freeze(made.id, clock.now());
    const view = await editor.get(own(made));
    expect(view).toMatchObject({ frozen: true, version: made.version });
    const refused = async (changes: Partial<InterviewInput>, field: string) =>
      expect(editor.put(own(view), edited(view, changes))).rejects.toMatchObject({ code: 'frozen', field });
    await refused({ questions: [...view.questions, question] }, 'questions');
    await refused({ questions: view.questions.map((old) => ({ ...old, text: 'What?' })) }, 'questions.0.text');
    await refused({ totalTimeMs: 700_000 }, 'totalTimeMs');
    await refused({ autoStart: true }, 'autoStart');
    const free = { title: 'New', introduction: 'Hello', contact: 'hr@example.org', attemptsAllowed: 2 };
    const access = { kind: 'addresses' as const, addresses: ['ann@example.org'] };
    const changes = { ...free, access, closesAt: clock.now() + 5 };
    expect(await editor.put(own(view), edited(view, changes))).toMatchObject(changes);
  });

  test('a change that was read before the start does not get through after it', async () => {
    const made = await editor.create(ACME, input());
    const change = { version: made.version, unlessFrozen: true, now: clock.now() };
    const content = toContent(edited(made, { questions: [] }), []);
    await store.interviews.freeze(made.id, clock.now());
    expect(await store.interviews.replace(own(made), { ...change, content })).toBeNull();
    expect((await editor.get(own(made))).questions).toHaveLength(1);
  });
});

describe('deleting', () => {
  test('erases the sessions before the interview is gone, and can be repeated when that fails', async () => {
    const made = await editor.publish(own(await editor.create(ACME, input())));
    erase = () => Promise.reject(new Error('storage is down'));
    await expect(editor.remove(own(made))).rejects.toThrow('storage is down');
    expect(await store.interviews.bySlug(made.slug ?? '', 'ann@example.org')).toBeNull();
    await expect(editor.get(own(made))).rejects.toMatchObject({ code: 'not_found' });
    expect(await store.interviews.hidden()).toEqual([made.id]);
    const erased: string[] = [];
    erase = (id) => Promise.resolve(void erased.push(id));
    await editor.finishRemovals();
    expect(erased).toEqual([made.id]);
    expect(await store.interviews.hidden()).toEqual([]);
    await expect(editor.remove(own(made))).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('the list', () => {
  test('shows 250 interviews in pages, each once and the newest first, while others come and go', async () => {
    const organisationId = 'c'.repeat(24);
    const ids: string[] = [];
    for (let index = 0; index < 250; index += 1) {
      ids.push((await editor.create(organisationId, input({ title: `Interview ${index}` }))).id);
    }
    counts.set(ids[249] ?? '', { sessions: 3, running: 1, stored: 2 });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await editor.list(organisationId, { cursor, limit: 100 });
      expect(page.items.length).toBe(seen.length < 200 ? 100 : 50);
      if (seen.length === 0) {
        expect(page.items[0]).toMatchObject({ questionCount: 1, counts: { sessions: 3, running: 1, stored: 2 } });
        expect(page.items[1]?.counts).toEqual({ sessions: 0, running: 0, stored: 0 });
        expect(page.items[0]).not.toHaveProperty('questions');
      }
      seen.push(...page.items.map((item) => item.id));
      // A row that comes on top, and the row that the cursor names going away, disturb nobody.
      await editor.create(organisationId, input({ title: 'Late' }));
      if (page.nextCursor) await editor.remove({ id: seen.at(-1) ?? '', organisationId });
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(ids.toReversed());
  });

  test.each(['x', 'AAAAAAAAAAAAAAA!', 'A'.repeat(17)])('refuses the cursor %s', async (cursor) => {
    await expect(editor.list(ACME, { cursor, limit: 10 })).rejects.toMatchObject({
      code: 'bad_request',
      field: 'cursor',
    });
  });

  test('uses its index', async () => {
    const plan = await store.store.connection
      .collection('interviews')
      .find({ organisationId: ACME, deletedAt: null })
      .sort({ _id: -1 })
      .explain('queryPlanner');
    expect(JSON.stringify(plan)).toContain('organisationId_1__id_-1');
    expect(JSON.stringify(plan)).not.toContain('COLLSCAN');
  });
});
