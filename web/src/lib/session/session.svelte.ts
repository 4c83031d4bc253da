import type { Pushes, Replies, RequestBody, RequestName } from '#protocol/events.ts';
import type { CandidateQuestionView, PublishView, SessionView, TakeView } from '#protocol/session.ts';
import { ApiError } from '../api-error.ts';
import { Connection, type ConnectionStatus, type SendRequest } from './connection.ts';
import { Joining, type JoiningState } from './joining.ts';
import { ServerClock } from './server-clock.ts';

/** How often what the page shows of time moves on. */
const TICK_MS = 100;
/** Round trips right after joining; the quickest counts. */
const SYNC_BURST = 4;
/** Quartz clocks drift by milliseconds in this time. */
const SYNC_EVERY_MS = 60_000;

type Joined = Omit<Replies['session:join'], 'session'>;
/** The requests that answer with the session as it is afterwards. */
type Action = { [N in RequestName]: Replies[N] extends { session: SessionView } ? N : never }[RequestName];

export interface SessionOptions {
  sessionId: string;
  /** The server's origin; the page's own when absent. */
  url?: string;
  getToken(options?: { fresh?: boolean }): Promise<string>;
  /** Called after each join: whatever media was there before is gone on the server's side. */
  onJoined(joined: Joined): void;
  onMediaLost(): void;
}

/**
 * One candidate's session as the server tells it. Nothing here is decided by the page: it shows {@link view} against
 * the server's clock and sends requests.
 */
export class InterviewSession {
  /** What the server said last; null until the first join. */
  view: SessionView | null = $state.raw(null);
  status: ConnectionStatus = $state('connecting');
  /** The server's clock, moved on every {@link TICK_MS} ms; 0 until it is known. */
  now = $state(0);
  /** The request whose answer is awaited, for the button that sent it. */
  pending: Action | null = $state(null);
  /** Why the last request or the joining failed. */
  failure: ApiError | null = $state.raw(null);
  /** How far the page has joined the session on the present connection. */
  joining: JoiningState = $state('none');

  readonly #options: SessionOptions;
  readonly #clock = new ServerClock({ monotonicNow: () => performance.now() });
  readonly #connection: Connection;
  readonly #joining: Joining;
  #progress: PublishView[] = $state.raw([]);
  #ticker: ReturnType<typeof setInterval> | undefined;
  #syncer: ReturnType<typeof setInterval> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    const ignore = () => undefined;
    this.#joining = new Joining({
      join: () => this.#join(),
      onState: (state) => (this.joining = state),
      onRefused: (error) => void this.#fail(error),
    });
    this.#connection = new Connection({
      ...(options.url === undefined ? {} : { url: options.url }),
      getToken: (how) => options.getToken(how),
      onConnected: () => this.#joining.start(),
      onStatus: (status) => {
        this.status = status;
        if (status !== 'connected') this.#joining.stop();
      },
      pushes: {
        'session:state': ({ session }) => this.#take(session),
        'publish:progress': ({ publishing }) => this.#takeProgress(publishing),
        'session:taken-over': ignore,
        'media:lost': () => options.onMediaLost(),
        'server:stopping': ignore,
      } satisfies { [N in keyof Pushes]: (body: Pushes[N]) => void },
    });
  }

  /** Whether a tap can reach the server. */
  readonly reachable = $derived.by(() => this.joining === 'joined');

  /** How far each pick's saving is: the finer steps where they have arrived. */
  readonly publishing = $derived.by(() =>
    (this.view?.publishing ?? []).map((known) => {
      const finer = this.#progress.find(({ questionId }) => questionId === known.questionId);
      return finer && known.state !== 'safe' ? finer : known;
    }),
  );

  /** The question on the screen. */
  readonly question: CandidateQuestionView | null = $derived.by(
    () => this.view?.questions.find(({ id }) => id === this.view?.currentQuestionId) ?? null,
  );

  /** The take that is being recorded, or about to be, or just being finished; of the rehearsal too. */
  readonly liveTake: TakeView | null = $derived.by(
    () =>
      [...(this.view?.questions ?? []), ...(this.view ? [this.view.rehearsal] : [])]
        .flatMap(({ takes }) => takes)
        .find(({ state }) => state === 'arming' || state === 'recording' || state === 'stopping') ?? null,
  );

  /** Milliseconds until the instant `at` on the server's clock, never below 0. */
  msUntil(at: number): number {
    return Math.max(0, at - this.now);
  }

  open(): void {
    this.#ticker = setInterval(() => (this.now = this.#clock.now() ?? 0), TICK_MS);
    this.#syncer = setInterval(() => void this.#sync(), SYNC_EVERY_MS);
    document.addEventListener('visibilitychange', this.#awake);
    this.#connection.connect();
  }

  close(): void {
    clearInterval(this.#ticker);
    clearInterval(this.#syncer);
    document.removeEventListener('visibilitychange', this.#awake);
    this.#connection.close();
  }

  /** Takes the session back from another page, or tries to join again. */
  reconnect(): void {
    this.failure = null;
    if (this.status === 'connected') this.#joining.start();
    else this.#connection.connect();
  }

  /** See {@link SendRequest}; for what is not an action of the person. */
  request: SendRequest = (name, body) => this.#connection.request(name, body);

  /**
   * An action of the person. Only one is under way at a time: a second tap is ignored.
   * @returns whether it was done; if not, {@link failure} says why
   */
  async act<N extends Action>(name: N, body: RequestBody<N>): Promise<boolean> {
    if (this.pending !== null) return false;
    this.pending = name;
    this.failure = null;
    try {
      const reply = (await this.#connection.request(name, body)) as { session: SessionView };
      this.#take(reply.session);
      return true;
    } catch (error) {
      const { code } = this.#fail(error);
      if (this.reachable && code === 'not_joined') this.#joining.start();
      return false;
    } finally {
      this.pending = null;
    }
  }

  /** Asks for the view anew, and with it for fresh addresses of the takes; a failure changes nothing. */
  async refresh(): Promise<void> {
    try {
      this.#take((await this.#askToJoin()).session);
    } catch {
      // The player says that it cannot play, and offers to try again.
    }
  }

  #askToJoin(): Promise<Replies['session:join']> {
    return this.#connection.request('session:join', { sessionId: this.#options.sessionId });
  }

  async #join(): Promise<void> {
    const { session, ...joined } = await this.#askToJoin();
    this.#take(session);
    this.#options.onJoined(joined);
    void this.#syncBurst();
  }

  async #syncBurst(): Promise<void> {
    for (let n = 0; n < SYNC_BURST; n += 1) await this.#sync();
  }

  #take(view: SessionView): void {
    if (this.view !== null && view.version < this.view.version) return;
    this.#clock.atLeast(view.now);
    this.now = this.#clock.now() ?? view.now;
    this.view = view;
  }

  #takeProgress(publishing: PublishView[]): void {
    this.#progress = publishing;
  }

  #fail(error: unknown): ApiError {
    const failure =
      error instanceof ApiError ? error : new ApiError({ code: 'internal', message: 'Unexpected' }, { cause: error });
    this.failure = failure;
    return failure;
  }

  async #sync(): Promise<void> {
    if (this.status !== 'connected') return;
    const mark = this.#clock.mark();
    try {
      this.#clock.observe(mark, (await this.#connection.request('clock:sync', {})).now);
    } catch {
      // The next round trip will do; a broken connection is told elsewhere.
    }
  }

  readonly #awake = () => {
    if (document.visibilityState !== 'visible') return;
    this.#clock.forget();
    if (this.view !== null) void this.#sync();
  };
}
