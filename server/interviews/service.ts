import { randomBytes } from 'node:crypto';
import { consentParagraphs } from '#protocol/consent.ts';
import { AppError } from '#protocol/errors.ts';
import type { PublishView, SessionView } from '#protocol/session.ts';
import type { Clock, Timer } from '#server/clock.ts';
import type { Logger } from '#server/log.ts';
import type { MediaUrls } from '#server/media-urls.ts';
import type { Interviews } from '#server/store/interviews.ts';
import type { Sessions } from '#server/store/sessions.ts';
import type { Captures } from './captures.ts';
import type { Command } from './command.ts';
import type { Effect, SessionEvent } from './events.ts';
import type { NewSession } from './gate-service.ts';
import { liveTake, nextDueAt, type Plan, type Session } from './session.ts';
import { toSessionView } from './session-view.ts';
import { transition } from './transition.ts';

/** A page that shows a session. */
export interface SessionListener {
  state: (view: SessionView) => void;
  progress: (publishing: PublishView[]) => void;
}

export interface SessionServiceOptions {
  sessions: Sessions<Session>;
  interviews: Interviews;
  captures: () => Captures;
  publisher: () => {
    publish(sessionId: string): void;
    erase(session: Session): Promise<void>;
    progress(session: Session): PublishView[];
  };
  urls: MediaUrls;
  clock: Clock;
  log: Logger;
}

/** One process writes a session; another that does so at the same time is let in this often. */
const MAX_CONFLICTS = 5;

export type SessionService = ReturnType<typeof createSessionService>;

/** The shell around the rules: loads, applies, writes, performs effects, keeps timers, tells the pages. */
export function createSessionService(options: SessionServiceOptions) {
  const { sessions, interviews, urls, clock, log } = options;
  const queues = new Map<string, Promise<unknown>>();
  const timers = new Map<string, Timer>();
  const listeners = new Map<string, Set<SessionListener>>();
  let stopping = false;

  const newTakeId = () => randomBytes(9).toString('base64url');

  async function load(sessionId: string): Promise<Session> {
    const session = await sessions.get(sessionId);
    if (!session) throw new AppError('not_found', 'This session does not exist.');
    return session;
  }

  /** Runs the changes of one session one after another, in the order in which they came. */
  function inOrder<T>(sessionId: string, run: () => Promise<T>): Promise<T> {
    const before = queues.get(sessionId) ?? Promise.resolve();
    const result = before.then(run, run);
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    queues.set(sessionId, settled);
    void settled.then(() => {
      if (queues.get(sessionId) === settled) queues.delete(sessionId);
    });
    return result;
  }

  async function viewOf(session: Session): Promise<SessionView> {
    const questionCount =
      session.questions.length || ((await interviews.byId(session.interviewId))?.questions.length ?? 0);
    const publishing = options.publisher().progress(session);
    return toSessionView(session, { now: clock.now(), urls, questionCount, publishing });
  }

  async function tell(session: Session): Promise<SessionView> {
    const view = await viewOf(session);
    for (const listener of listeners.get(session.id) ?? []) listener.state(view);
    return view;
  }

  function schedule(session: Session): void {
    timers.get(session.id)?.cancel();
    timers.delete(session.id);
    const due = nextDueAt(session);
    if (due === null) return;
    const timer = clock.at(due, () => {
      timers.delete(session.id);
      report(session.id, { type: 'tick', takeId: newTakeId() }).catch((error: unknown) => {
        log.error({ session: session.id, err: error }, 'deadline not written');
        // The deadline stands: try again until the database takes it.
        timers.set(
          session.id,
          clock.at(clock.now() + 1_000, () => schedule(session)),
        );
      });
    });
    timers.set(session.id, timer);
  }

  async function perform(session: Session, effect: Effect): Promise<void> {
    const captures = options.captures();
    try {
      switch (effect.type) {
        case 'arm':
          return captures.arm(session.id, effect.takeId, effect.countdownEndsAt);
        case 'stop':
          return await captures.stop(session.id, effect.takeId);
        case 'abort':
          return await captures.abort(effect.takeId);
        case 'delete':
          for (const takeId of effect.takeIds) await captures.remove(session.id, takeId);
          return;
        case 'publish':
          return options.publisher().publish(session.id);
        case 'erase':
          return await options.publisher().erase(session);
      }
    } catch (error) {
      log.error({ session: session.id, effect: effect.type, err: error }, 'effect failed');
    }
  }

  async function change(sessionId: string, event: SessionEvent): Promise<Session> {
    for (let conflicts = 0; ; conflicts += 1) {
      const before = await load(sessionId);
      const { session, effects } = transition(before, event, clock.now());
      session.version = before.version + 1;
      if (!(await sessions.replace(session, before.version))) {
        if (conflicts < MAX_CONFLICTS) continue;
        throw new AppError('version_conflict', 'The session is being changed elsewhere. Try again.');
      }
      log.info({ session: sessionId, event: event.type, state: session.state }, 'session changed');
      schedule(session);
      for (const effect of effects) {
        const performed = perform(session, effect);
        // Whoever is told that something was deleted may rely on it. The others report back in their own time.
        if (effect.type === 'delete' || effect.type === 'abort') await performed;
      }
      return session;
    }
  }

  /** Applies an event in its turn and tells the pages. */
  async function report(sessionId: string, event: SessionEvent): Promise<void> {
    await inOrder(sessionId, async () => tell(await change(sessionId, event)));
  }

  /** The questions as they are at the start; from then on they are frozen. */
  async function planOf(session: Session): Promise<Plan> {
    const now = clock.now();
    const found = await interviews.byId(session.interviewId);
    if (!found) throw new AppError('not_found', 'This interview does not exist any more.');
    if (found.closesAt !== null && now >= found.closesAt) throw new AppError('closed', 'This interview is closed.');
    if (found.opensAt !== null && now < found.opensAt)
      throw new AppError('not_open_yet', 'This interview has not opened yet.');
    await interviews.freeze(session.interviewId, now);
    const frozen = (await interviews.byId(session.interviewId)) ?? found;
    const { totalTimeMs, autoStart } = frozen;
    const questions = frozen.questions.map(({ id, text, answerLimitMs, thinkingTimeMs, takesAllowed }) => ({
      ...{ id, text, answerLimitMs, thinkingTimeMs, takesAllowed },
    }));
    return { totalTimeMs, autoStart, questions };
  }

  async function toEvent(sessionId: string, command: Command): Promise<SessionEvent> {
    if (stopping && (command.type === 'arm' || command.type === 'rehearsal_arm'))
      throw new AppError('shutting_down', 'The server is about to restart. Wait a moment and try again.');
    if (command.type === 'arm' || command.type === 'rehearsal_arm') return { ...command, takeId: newTakeId() };
    if (command.type !== 'start') return command;
    const session = await load(sessionId);
    const plan =
      session.state === 'checked' ? await planOf(session) : { totalTimeMs: 0, autoStart: false, questions: [] };
    return { type: 'start', plan };
  }

  return {
    report,

    /** The session as its own candidate sees it; AppError `not_found` for anybody else. */
    async view(sessionId: string, accountId: string): Promise<SessionView> {
      const session = await load(sessionId);
      if (session.accountId !== accountId) throw new AppError('not_found', 'This session does not exist.');
      return viewOf(session);
    },

    /** Tells `listener` of every change until the returned function is called. */
    subscribe(sessionId: string, listener: SessionListener): () => void {
      const set = listeners.get(sessionId) ?? new Set();
      listeners.set(sessionId, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0 && listeners.get(sessionId) === set) listeners.delete(sessionId);
      };
    },

    /** Carries out a candidate's command; AppError of the wrong-order kind changes nothing. */
    async handle(sessionId: string, command: Command): Promise<SessionView> {
      return inOrder(sessionId, async () => tell(await change(sessionId, await toEvent(sessionId, command))));
    },

    /** The candidate's media is gone: a running take ends as interrupted. */
    mediaLost(sessionId: string, reason: string): void {
      void (async () => {
        const take = liveTake(await load(sessionId));
        if (take) await report(sessionId, { type: 'cut', takeId: take.id, reason: 'media_lost' });
      })().catch((error: unknown) => log.error({ session: sessionId, reason, err: error }, 'media loss not written'));
    },

    /** Passes on finer steps of the saving. */
    progress(session: Session): void {
      const publishing = options.publisher().progress(session);
      for (const listener of listeners.get(session.id) ?? []) listener.progress(publishing);
    },

    /** Makes the session of somebody who has just agreed; null when the same attempt exists already. */
    async begin({ interview, organisation, person, consent, attempt }: NewSession): Promise<{ id: string } | null> {
      const { title, introduction, contact } = interview;
      return sessions.create({
        version: 1,
        interviewId: interview.id,
        organisationId: interview.organisationId,
        accountId: person.id,
        attempt,
        interview: { title, slug: interview.slug ?? '', introduction, organisation, contact },
        candidate: { name: person.name, email: person.email },
        state: 'consented',
        consent: { ...consent, text: consentParagraphs(organisation).join('\n\n'), at: clock.now() },
        totalTimeMs: interview.totalTimeMs,
        autoStart: interview.autoStart,
        ...{ startedAt: null, submittedAt: null, storedAt: null, withdrawnAt: null, answersDeletedAt: null },
        ...{ adjustments: [], currentQuestionId: null, questions: [], rehearsals: [] },
      });
    },

    /** After a start: takes up every session where the process before left it, with the same deadlines. */
    async resume(): Promise<void> {
      for await (const session of sessions.inStates(['consented', 'checked', 'running', 'submitting'])) {
        const take = liveTake(session);
        if (take?.state === 'arming')
          await report(session.id, { type: 'capture_failed', takeId: take.id, reason: 'server_stopped' });
        else if (take?.state === 'recording')
          await report(session.id, { type: 'cut', takeId: take.id, reason: 'server_stopped' });
        else if (take) await options.captures().stop(session.id, take.id);
        if (session.state === 'submitting' && !take) options.publisher().publish(session.id);
        if (session.state === 'running') schedule(await load(session.id));
      }
    },

    /** From now on no take is begun. */
    stopTakes(): void {
      stopping = true;
    },

    /** Cancels every timer; the deadlines stand in the database. */
    close(): void {
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
    },
  };
}
