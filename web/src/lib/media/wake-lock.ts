/**
 * Keeps the screen on while it is held. The browser lets go of it whenever the page is hidden, so it is asked for again
 * each time the page comes back. Where it is not supported or refused (low battery) nothing happens.
 * @returns lets the screen sleep again
 */
export function keepScreenOn(): () => void {
  const controller = new AbortController();
  let lock: WakeLockSentinel | null = null;
  const ask = async () => {
    if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
    try {
      lock = await navigator.wakeLock.request('screen');
      if (controller.signal.aborted) await lock.release();
    } catch {
      // Refused: the screen may sleep, which the countdown survives.
    }
  };
  document.addEventListener('visibilitychange', () => void ask(), { signal: controller.signal });
  void ask();
  return () => {
    controller.abort();
    void lock?.release();
  };
}
