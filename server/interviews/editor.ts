import { randomBytes } from 'node:crypto';
import { AppError } from '#protocol/errors.ts';
import { neededTimeMs, type InterviewInput, type InterviewRow, type InterviewView } from '#protocol/interview.ts';
import type { Clock } from '#server/clock.ts';
import type { Interview, InterviewKey, Interviews } from '#server/store/interviews.ts';
import type { Page, PageRequest } from '#server/store/paging.ts';
import { assertClosesLater, assertPublishable, frozenField, toContent } from './editor-rules.ts';

export type InterviewCounts = InterviewView['counts'];

export interface EditorOptions {
  interviews: Interviews;
  /** How many sessions each of the interviews has; ids without one may be absent. */
  countSessions: (interviewIds: readonly string[]) => Promise<ReadonlyMap<string, InterviewCounts>>;
  /** Ends and erases every session of an interview, with all its videos. Can be repeated after a failure. */
  eraseSessions: (interviewId: string) => Promise<void>;
  publicUrl: string;
  clock: Clock;
}

export type InterviewEditor = ReturnType<typeof createInterviewEditor>;

/** 128 bits: nobody guesses a link. */
const SLUG_BYTES = 16;
const NO_SESSIONS: InterviewCounts = { sessions: 0, running: 0, stored: 0 };

/** What recruiters do with interviews. Another organisation's interviews do not exist here: `not_found`. */
export function createInterviewEditor(options: EditorOptions) {
  const { interviews, countSessions, eraseSessions, publicUrl, clock } = options;

  async function existing(key: InterviewKey): Promise<Interview> {
    const found = await interviews.get(key);
    if (!found) throw new AppError('not_found', 'This interview does not exist.');
    return found;
  }

  async function view(interview: Interview): Promise<InterviewView> {
    const counts = (await countSessions([interview.id])).get(interview.id) ?? NO_SESSIONS;
    return toView(interview, counts, publicUrl);
  }

  return {
    /** One page of an organisation's interviews, the newest first. */
    async list(organisationId: string, page: PageRequest): Promise<Page<InterviewRow>> {
      const { items, nextCursor } = await interviews.page(organisationId, page);
      const counts = await countSessions(items.map((item) => item.id));
      return { items: items.map((item) => ({ ...item, counts: counts.get(item.id) ?? NO_SESSIONS })), nextCursor };
    },

    /** Makes a draft. Question ids that came along are replaced: they belong to another interview. */
    async create(organisationId: string, input: InterviewInput): Promise<InterviewView> {
      return view(await interviews.create(organisationId, toContent(input, []), clock.now()));
    },

    async get(key: InterviewKey): Promise<InterviewView> {
      return view(await existing(key));
    },

    /**
     * Replaces an interview.
     * @throws AppError `not_found`; `version_conflict` when it has changed since `input.version`; `frozen` for questions
     *   and timing once somebody has started; `bad_request` when a published one would become unusable, or be
     *   closed by a date that has passed
     */
    async put(key: InterviewKey, input: InterviewInput): Promise<InterviewView> {
      const before = await existing(key);
      const { version } = input;
      if (before.version !== version) throw versionConflict();
      const content = toContent(input, before.questions);
      const changedWhileFrozen = frozenField(before, content);
      if (before.frozen && changedWhileFrozen) throw frozen(changedWhileFrozen);
      if (before.state === 'published') {
        assertPublishable(content);
        assertClosesLater(content.closesAt, before.closesAt, clock.now());
      }
      const unlessFrozen = changedWhileFrozen !== null;
      const after = await interviews.replace(key, { version, content, unlessFrozen, now: clock.now() });
      if (after) return view(after);
      // Somebody was faster between reading and writing: find out what has happened.
      const current = await existing(key);
      if (current.version === version && current.frozen && changedWhileFrozen) throw frozen(changedWhileFrozen);
      throw versionConflict();
    },

    /**
     * Gives a draft its link; publishing twice gives the same link.
     * @throws AppError `not_found`; `bad_request` when there is no question, nobody may take it, or it has closed already;
     *   `version_conflict`
     */
    async publish(key: InterviewKey): Promise<InterviewView> {
      const before = await existing(key);
      if (before.state === 'published') return view(before);
      assertPublishable(before);
      assertClosesLater(before.closesAt, null, clock.now());
      const slug = randomBytes(SLUG_BYTES).toString('base64url');
      const after = await interviews.publish(key, { version: before.version, slug, now: clock.now() });
      if (after) return view(after);
      const current = await existing(key);
      if (current.state === 'published') return view(current);
      throw versionConflict();
    },

    /**
     * Deletes an interview with its sessions and videos: its link is dead at once, then everything is erased. When
     * erasing fails, asking again goes on with it.
     * @throws AppError `not_found`, or what erasing throws
     */
    async remove(key: InterviewKey): Promise<void> {
      if (!(await interviews.hide(key, clock.now()))) throw new AppError('not_found', 'This interview does not exist.');
      await eraseSessions(key.id);
      await interviews.removeHidden(key.id);
    },

    /**
     * Goes on with deletions that a failure or a stop of the server has interrupted.
     * @throws AggregateError with what went wrong, after every one has been tried
     */
    async finishRemovals(): Promise<void> {
      const errors: unknown[] = [];
      for (const id of await interviews.hidden()) {
        try {
          await eraseSessions(id);
          await interviews.removeHidden(id);
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, 'interviews could not be deleted yet');
    },
  };
}

function toView(interview: Interview, counts: InterviewCounts, publicUrl: string): InterviewView {
  return {
    ...interview,
    link: interview.slug === null ? null : new URL(`/i/${interview.slug}`, publicUrl).href,
    neededTimeMs: neededTimeMs(interview.questions),
    counts,
  };
}

function versionConflict(): AppError {
  return new AppError('version_conflict', 'This interview was changed meanwhile. Load it again before you save.');
}

function frozen(field: string): AppError {
  return new AppError('frozen', 'Somebody has started this interview, so its questions and times stay as they are.', {
    field,
  });
}
