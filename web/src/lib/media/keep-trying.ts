/** Soon at first, as a restart takes seconds; then seldom, and not for ever. */
const DELAYS_MS = [2_000, 3_000, 5_000, 8_000, 13_000, ...Array.from({ length: 8 }, () => 30_000)];

/**
 * Tries something again and again, a little later each time, and at once when the network is back, until the returned
 * function is called or nothing is left to hope for (about five minutes).
 * @param options.attempt must not throw
 * @param options.online sends `online`, as the window does
 */
export function keepTrying(options: {
  attempt: () => Promise<void>;
  online: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;
}): () => void {
  const { attempt, online } = options;
  let tries = 0;
  let ended = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function wait() {
    clearTimeout(timer);
    const delayMs = DELAYS_MS[tries];
    if (!ended && delayMs !== undefined) timer = setTimeout(now, delayMs);
  }
  function now() {
    clearTimeout(timer);
    tries += 1;
    void attempt().then(wait);
  }

  online.addEventListener('online', now);
  wait();
  return () => {
    ended = true;
    clearTimeout(timer);
    online.removeEventListener('online', now);
  };
}
