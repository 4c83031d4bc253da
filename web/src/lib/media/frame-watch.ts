/** A camera that has delivered nothing for so long has stopped. */
const STILL_AFTER_MS = 3_000;
const LOOK_EVERY_MS = 500;

/**
 * Tells when a playing camera picture stands still, and when it moves again: after a phone call a track may say that it
 * is live and deliver nothing. Where the browser cannot count frames, nothing is told.
 * @returns ends the watch
 */
export function watchFrames(video: HTMLVideoElement, onChange: (still: boolean) => void): () => void {
  if (!('requestVideoFrameCallback' in video)) return () => undefined;
  let lastFrame = performance.now();
  let still = false;
  let handle = 0;
  const seen = () => {
    lastFrame = performance.now();
    handle = video.requestVideoFrameCallback(seen);
  };
  handle = video.requestVideoFrameCallback(seen);
  const timer = setInterval(() => {
    // A hidden page shows no frames; the time in it does not count.
    if (document.hidden) lastFrame = performance.now();
    const stillNow = performance.now() - lastFrame > STILL_AFTER_MS;
    if (stillNow === still) return;
    still = stillNow;
    onChange(still);
  }, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    video.cancelVideoFrameCallback(handle);
  };
}
