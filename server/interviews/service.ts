import { randomBytes } from 'node:crypto';
import { AppError } from '#protocol/errors.ts';
import type { PublishView, SessionView } from '#protocol/session.ts';
import type { Clock } from '#server/clock.ts';
import type { Logger } from '#server/log.ts';
import type { MediaUrls } from '#server/media-urls.ts';
import type { Interviews } from '#server/store/interviews.ts';
import type { Sessions } from '#server/store/sessions.ts';
import { newSession, readPlan } from './beginning.ts';
import type { Captures } from './captures.ts';
import type { Command } from './command.ts';
import { createDeadlines } from './deadlines.ts';
import type { Effect, SessionEvent } from './events.ts';
import type { NewSession } from './gate-service.ts';
import { findTake } from './guards.ts';
import { logLine } from './log-line.ts';
import { resumeSessions } from './resume.ts';
import { allTakes, isErasedWhole, liveTake, type Session } from './session.ts';
import { toSessionView } from './session-view.ts';
import { takeEndsAt } from './take-rules.ts';
import { transition } from './transition.ts';
import { createTurns } from './turns.ts';

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
    progress(session: Session): PublishView[];
  };
  /** Deletes every video of a session, verified; AppError `unavailable` when something is still there. */
  eraseSession: (session: Session) => Promise<void>;
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
  const inTurn = createTurns();
  let stopping = false;
  const listeners = new Map<string, Set<SessionListener>>();
  const deadlines = createDeadlines({
    ...{ clock, log },
    due: (sessionId) => report(sessionId, { type: 'tick', takeId: stopping ? null : newTakeId() }),
  });

  const newTakeId = () => randomBytes(9).toString('base64url');

  async function load(sessionId: string): Promise<Session> {
    const session = await sessions.get(sessionId);
    if (!session) throw new AppError('not_found', 'This session does not exist.');
    return session;
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

  async function perform(session: Session, effect: Exclude<Effect, { type: 'erase' }>): Promise<void> {
    const captures = options.captures();
    try {
      switch (effect.type) {
        case 'arm':
          return captures.arm(session.id, {
            ...effect,
            endsAt: (goAt) => takeEndsAt(session, findTake(allTakes(session), effect.takeId), goAt),
          });
        case 'stop':
          return await captures.stop(session.id, effect.takeId);
        case 'abort':
          return await captures.abort(effect.takeId);
        case 'publish':
          return options.publisher().publish(session.id);
      }
    } catch (error) {
      log.error({ session: session.id, effect: effect.type, err: error }, 'effect failed');
    }
  }

  /** Erases what a session has given up, and notes that; what fails now is tried again by the sweep. */
  async function erase(session: Session): Promise<Session> {
    const { id, erasing } = session;
    try {
      if (isErasedWhole(session)) await options.eraseSession(session);
      else for (const takeId of erasing) await options.captures().remove(id, takeId);
      return await change(id, { type: 'erased', takeIds: erasing });
    } catch (error) {
      log.error({ session: id, takes: erasing, err: error }, 'not erased yet: it is tried again');
      return session;
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
      log.info(logLine(session, event), 'session changed');
      deadlines.schedule(session);
      let current = session;
      for (const effect of effects) {
        // Whoever is told that something was deleted may rely on it. The others report back in their own time.
        if (effect.type === 'erase') current = await erase(session);
        else if (effect.type === 'abort') await perform(session, effect);
        else void perform(session, effect);
      }
      return current;
    }
  }

  /** Applies an event in its turn and tells the pages. */
  async function report(sessionId: string, event: SessionEvent): Promise<void> {
    await inTurn(sessionId, async () => tell(await change(sessionId, event)));
  }

  async function toEvent(sessionId: string, command: Command): Promise<SessionEvent> {
    if (stopping && (command.type === 'arm' || command.type === 'rehearsal_arm'))
      throw new AppError('shutting_down', 'The server is about to restart. Wait a moment and try again.');
    if (command.type === 'arm' || command.type === 'rehearsal_arm') return { ...command, takeId: newTakeId() };
    if (command.type !== 'start') return command;
    const session = await load(sessionId);
    const plan =
      session.state === 'checked'
        ? await readPlan({ interviews, sessionsOf: (of, who) => sessions.ofVisitor(of, who) }, session, clock.now())
        : { totalTimeMs: 0, autoStart: false, questions: [] };
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
      return inTurn(sessionId, async () => tell(await change(sessionId, await toEvent(sessionId, command))));
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
    async begin(made: NewSession): Promise<{ id: string } | null> {
      return sessions.create(newSession(made, clock.now()));
    },

    /** After a start: takes up every session; the server was away since `awaySince`. */
    resume(awaySince: number): Promise<void> {
      const publish = (sessionId: string) => options.publisher().publish(sessionId);
      return resumeSessions({ sessions, report, publish, log }, awaySince);
    },

    /** From now on no take is begun. */
    stopTakes(): void {
      stopping = true;
    },

    /** Cancels every timer; the deadlines stand in the database. */
    close: () => deadlines.close(),
  };
}
