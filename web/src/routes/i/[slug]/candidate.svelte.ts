import type { Replies } from '#protocol/events.ts';
import { auth } from '#lib/auth.ts';
import { Capture } from '#lib/media/capture.svelte.ts';
import { Publisher, type PublisherState } from '#lib/media/publisher.ts';
import { InterviewSession } from '#lib/session/session.svelte.ts';

/** One candidate's page: the session, the camera, and the way of the one to the other. */
export class Candidate {
  readonly session: InterviewSession;
  readonly capture: Capture;
  /** How far camera and microphone reach the server. */
  sending: PublisherState = $state('idle');
  /** Why they never will, when `sending` is `failed`. */
  sendingError: unknown = $state.raw(null);
  readonly #publisher: Publisher;
  #joined: Omit<Replies['session:join'], 'session'> | null = null;

  constructor(options: { sessionId: string }) {
    this.session = new InterviewSession({
      sessionId: options.sessionId,
      getToken: (how) => auth.getToken(how),
      onJoined: (joined) => {
        this.#joined = joined;
        void this.#publisher.keep().then((kept) => {
          if (!kept) this.#publish();
        });
      },
      onMediaLost: () => this.#publisher.restart(),
    });
    this.#publisher = new Publisher({
      request: this.session.request,
      onState: (state, error) => {
        this.sending = state;
        this.sendingError = error ?? null;
      },
    });
    this.capture = new Capture({ onReplaced: (track) => void this.#publisher.replaceTrack(track) });
  }

  /** A take can be recorded now: the server is reached, and picture and sound arrive there. */
  readonly canRecord = $derived.by(
    () => this.session.reachable && this.sending === 'sending' && this.capture.troubles.length === 0,
  );

  open(): void {
    this.session.open();
  }

  close(): void {
    this.switchOff();
    this.session.close();
  }

  /** Asks for camera and microphone and sends them. */
  async switchOn(): Promise<void> {
    await this.capture.start();
    this.#publish();
  }

  /** Switches the camera on without a tap, where the browser will not ask. */
  async switchOnIfAllowed(): Promise<void> {
    await this.capture.startIfAllowed();
    this.#publish();
  }

  /** Camera and microphone are not needed any more. */
  switchOff(): void {
    this.#publisher.stop();
    this.capture.stop();
  }

  #publish(): void {
    const stream = this.capture.stream;
    if (!this.#joined || !stream || this.session.status === 'taken-over') return;
    void this.#publisher.start({ ...this.#joined, tracks: stream.getTracks() });
  }
}
