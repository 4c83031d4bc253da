import { io, type Socket } from 'socket.io-client';
import { ERROR_STATUS, type ErrorBody } from '#protocol/errors.ts';
import type { Ack, Pushes, Replies, RequestBody, RequestName } from '#protocol/events.ts';
import { ApiError } from '../api-error.ts';

/** How long an answer may take before the page says that the server cannot be reached. */
export const ACK_TIMEOUT_MS = 10_000;
/** Between two tries after the server itself closed the connection or refused it. */
const RETRY_MS = 1_500;
const RECONNECT_MIN_MS = 400;
const RECONNECT_MAX_MS = 3_000;

/** Where the connection stands. `taken-over` and `signed-out` need the person; the others pass by themselves. */
export type ConnectionStatus = 'connecting' | 'connected' | 'reconnecting' | 'taken-over' | 'signed-out' | 'closed';

/** Makes one request of the protocol; throws {@link ApiError}, with code `offline` when no answer came. */
export type SendRequest = <N extends RequestName>(name: N, body: RequestBody<N>) => Promise<Replies[N]>;

export interface ConnectionOptions {
  /** The server's origin; the page's own when absent. */
  url?: string;
  /** An access token; throws ApiError `unauthenticated` when nobody is signed in any more. */
  getToken(options?: { fresh?: boolean }): Promise<string>;
  /** Called at each new connection, before anything else can be asked: the place to join. */
  onConnected(): void;
  onStatus(status: ConnectionStatus): void;
  pushes: { [N in keyof Pushes]: (body: Pushes[N]) => void };
  ackTimeoutMs?: number;
}

/**
 * The signalling connection: typed requests with a time-out, tokens renewed when the server asks for it, and
 * reconnecting by itself.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  #status: ConnectionStatus = 'connecting';
  #freshTokenNeeded = false;
  #refusals = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const settings = {
      autoConnect: false,
      // Straight to a WebSocket: polling costs a second at each reconnect. It stays as the way through odd proxies.
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      reconnectionDelay: RECONNECT_MIN_MS,
      reconnectionDelayMax: RECONNECT_MAX_MS,
      auth: (send: (auth: object) => void) => void this.#authenticate(send),
    };
    this.#socket = options.url === undefined ? io(settings) : io(options.url, settings);
    this.#listen();
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** Connects, or takes back a session that another page has taken over. */
  connect(): void {
    this.#refusals = 0;
    clearTimeout(this.#retry);
    this.#set('connecting');
    this.#socket.connect();
  }

  /** Ends the connection for good. */
  close(): void {
    clearTimeout(this.#retry);
    this.#set('closed');
    this.#socket.disconnect();
  }

  /** See {@link SendRequest}. An expired token is renewed and the request repeated, once. */
  request: SendRequest = async (name, body) => {
    try {
      return await this.#send(name, body);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'token_expired' || name === 'auth:renew') throw error;
    }
    await this.#send('auth:renew', { token: await this.#options.getToken({ fresh: true }) });
    return this.#send(name, body);
  };

  async #send<N extends RequestName>(name: N, body: RequestBody<N>): Promise<Replies[N]> {
    // Nothing is queued: a tap that arrives a minute later would surprise.
    if (!this.#socket.connected) throw offline();
    let ack: Ack<Replies[N]>;
    try {
      ack = (await this.#socket.timeout(this.#options.ackTimeoutMs ?? ACK_TIMEOUT_MS).emitWithAck(name, body)) as Ack<
        Replies[N]
      >;
    } catch (cause) {
      throw offline(cause);
    }
    if (!ack.ok) throw new ApiError(ack.error);
    return ack.data;
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('connect', () => {
      this.#refusals = 0;
      this.#freshTokenNeeded = false;
      this.#set('connected');
      this.#options.onConnected();
    });
    socket.on('disconnect', (reason) => {
      if (this.#stopped) return;
      this.#set('reconnecting');
      // socket.io takes this for a final word; here it only means that the server restarts.
      if (reason === 'io server disconnect') this.#retryLater();
    });
    socket.on('connect_error', (error) => {
      if (this.#stopped) return;
      this.#set('reconnecting');
      // While active, socket.io tries again by itself: the network failed. Otherwise the server refused.
      if (!socket.active) this.#refused(refusalCode(error));
    });
    for (const [name, handle] of Object.entries(this.#options.pushes) as [keyof Pushes, (body: never) => void][]) {
      socket.on(name, (body: unknown) => {
        if (name === 'session:taken-over') this.#stop('taken-over');
        handle(body as never);
      });
    }
  }

  get #stopped(): boolean {
    return this.#status === 'taken-over' || this.#status === 'signed-out' || this.#status === 'closed';
  }

  async #authenticate(send: (auth: object) => void): Promise<void> {
    try {
      send({ token: await this.#options.getToken({ fresh: this.#freshTokenNeeded }) });
    } catch (error) {
      if (this.#stopped) return;
      if (error instanceof ApiError && error.code === 'unauthenticated') this.#stop('signed-out');
      else {
        this.#socket.disconnect();
        this.#set('reconnecting');
        this.#retryLater();
      }
    }
  }

  #refused(code: ErrorBody['code'] | null): void {
    this.#refusals += 1;
    const aboutToken = code === 'token_expired' || code === 'unauthenticated';
    if (aboutToken && this.#freshTokenNeeded && this.#refusals > 1) this.#stop('signed-out');
    else {
      this.#freshTokenNeeded ||= aboutToken;
      this.#retryLater(aboutToken ? 0 : RETRY_MS);
    }
  }

  #retryLater(delayMs = RETRY_MS): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#socket.connect(), delayMs);
  }

  #stop(status: 'taken-over' | 'signed-out'): void {
    clearTimeout(this.#retry);
    this.#set(status);
    this.#socket.disconnect();
  }

  #set(status: ConnectionStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#options.onStatus(status);
  }
}

function offline(cause?: unknown): ApiError {
  return new ApiError({ code: 'offline', message: 'The server cannot be reached' }, { cause });
}

/** The code that the server's handshake refusal carries, if any. */
function refusalCode(error: Error): ErrorBody['code'] | null {
  const data = 'data' in error ? error.data : undefined;
  if (typeof data !== 'object' || data === null || !('code' in data)) return null;
  const { code } = data;
  return typeof code === 'string' && code in ERROR_STATUS ? (code as ErrorBody['code']) : null;
}
