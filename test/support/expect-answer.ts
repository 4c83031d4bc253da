import { expect } from 'vitest';
import { avOffsetMs, duplicates, gaps, readable, wallSpan, withoutRepeats } from './content-checks.ts';
import { readContent } from './content.ts';
import { probeStreams } from './decode.ts';
import { topBoxes } from './files.ts';
import { isUpright, measureAspect, readPictureAt, showsOutside } from './picture.ts';

/** How long the picture may stand still where the browser's encoder gets too little of a busy processor. */
const LONGEST_GAP_MS = 500;

/**
 * Decodes a saved answer and checks all that is promised of it: it plays everywhere, it is the take that was recorded
 * between the two instants, whole, in step and not stretched.
 * @param options.transcoded for a picture that was not copied: it has a constant rate, so that frames may be repeated
 * @param timed when the server said "go" and when it ended the take, in milliseconds since 1970
 */
export async function expectAnswer(
  file: string,
  timed: { goAt: number; stoppedAt: number },
  options: { transcoded?: boolean } = {},
): Promise<void> {
  const { video, audio, durationMs } = await probeStreams(file);
  expect([video?.codec, audio?.codec]).toEqual(['h264', 'aac']);
  expect(video).not.toBeNull();
  const { width, height } = video ?? { width: 0, height: 0 };
  expect(width * 16).toBe(height * 9);
  expect(width).toBeLessThanOrEqual(720);
  const boxes = await topBoxes(file);
  expect(boxes.indexOf('moov')).toBeGreaterThan(-1);
  expect(boxes.indexOf('moov')).toBeLessThan(boxes.indexOf('mdat'));

  const content = await readContent(file);
  expect(content.warnings).toEqual([]);
  expect(readable(content.frames).length / content.frames.length).toBeGreaterThan(0.97);
  const shown = options.transcoded ? withoutRepeats(content.frames) : content.frames;
  expect(duplicates(shown)).toBe(0);
  expect(gaps(shown, LONGEST_GAP_MS)).toEqual([]);
  expect(Math.abs(durationMs - (timed.stoppedAt - timed.goAt))).toBeLessThan(300);
  const { firstMs, lastMs } = wallSpan(content.frames);
  expect(Math.abs(firstMs - timed.goAt)).toBeLessThan(200);
  expect(lastMs).toBeLessThan(timed.stoppedAt + 50);
  expect(lastMs).toBeGreaterThan(timed.stoppedAt - 300);
  expect(content.beeps.length).toBeGreaterThan(Math.floor((durationMs - 1000) / 1000));
  expect(Math.abs(avOffsetMs(content))).toBeLessThan(100);

  const picture = await readPictureAt(file, durationMs / 2);
  expect(Math.abs(measureAspect(picture) - 1)).toBeLessThan(0.04);
  expect(isUpright(picture)).toBe(true);
  expect(showsOutside(picture)).toBe(false);
}
