import type { Content, FrameRead } from './content.ts';

/** The frames whose barcode was read. */
export const readable = (frames: readonly FrameRead[]) => frames.filter((frame) => frame.ok);

/**
 * How much later than the picture the sound is, in milliseconds: the median over all beeps. The flash frame's own
 * clock says how far into its second it was drawn, so the frame rate does not blur the figure.
 * @throws Error when no beep has its flash within half a second
 */
export function avOffsetMs(content: Content): number {
  const seconds = content.flashes.flatMap((flash) => (flash.ok ? [flash.ptsMs - (flash.wallMs % 1000)] : []));
  const offsets = content.beeps.flatMap((beep) => {
    const nearest = seconds.toSorted((a, b) => Math.abs(a - beep.ptsMs) - Math.abs(b - beep.ptsMs))[0];
    return nearest !== undefined && Math.abs(nearest - beep.ptsMs) < 500 ? [beep.ptsMs - nearest] : [];
  });
  return median(offsets);
}

/** The middle value. @throws Error for an empty list */
export function median(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  if (middle === undefined) throw new Error('nothing to take the median of');
  return middle;
}

/** Where two neighbouring frames are further apart than `longestMs`. */
export function gaps(frames: readonly FrameRead[], longestMs = 150): { atMs: number; ms: number }[] {
  return frames.flatMap((frame, i) => {
    const before = frames[i - 1];
    return before && frame.ptsMs - before.ptsMs > longestMs
      ? [{ atMs: before.ptsMs, ms: frame.ptsMs - before.ptsMs }]
      : [];
  });
}

/** How many frames repeat the one before them or show an older one. */
export function duplicates(frames: readonly FrameRead[]): number {
  const counters = readable(frames).map((frame) => frame.counter);
  return counters.filter((counter, i) => i > 0 && counter <= (counters[i - 1] ?? -1)).length;
}

/**
 * The frames that show something new. A transcode to a constant rate repeats the last frame where the camera, or the
 * browser's encoder on a busy machine, gave none.
 */
export function withoutRepeats(frames: readonly FrameRead[]): FrameRead[] {
  let last: number | null = null;
  return frames.filter((frame) => {
    if (!frame.ok) return true;
    const repeated = frame.counter === last;
    last = frame.counter;
    return !repeated;
  });
}

/** The largest difference between time passed in the file and time passed in the picture, in milliseconds. */
export function clockErrorMs(frames: readonly FrameRead[]): number {
  const offsets = readable(frames).map((frame) => frame.wallMs - frame.ptsMs);
  return Math.max(...offsets) - Math.min(...offsets);
}

/** The instants at which the first and the last readable frame were drawn. @throws Error when none is readable */
export function wallSpan(frames: readonly FrameRead[]): { firstMs: number; lastMs: number } {
  const found = readable(frames);
  const [first, last] = [found[0], found.at(-1)];
  if (!first || !last) throw new Error('no frame could be read');
  return { firstMs: first.wallMs, lastMs: last.wallMs };
}
