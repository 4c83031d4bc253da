import { expect, test } from 'vitest';
import { parseProgress, publishArgs } from './publish-args.ts';

test('reads the time that ffmpeg has reached', () => {
  const line = 'frame=   57 fps=0.0 q=-1.0 size=       0kB time=01:02:03.45 bitrate=   0.2kbits/s speed=3.7x';
  expect(parseProgress(line)).toBe(3_723_450);
  expect(parseProgress('frame=    0 fps=0.0 q=0.0 size=       0kB time=-00:00:00.02 bitrate=N/A')).toBeNull();
  expect(parseProgress('size=0kB time=N/A bitrate=N/A')).toBeNull();
  expect(parseProgress('Invalid data found')).toBeNull();
});

test('hands every argument over whole: none contains a space, at which fluent-ffmpeg would split it', () => {
  for (const transcode of [null, 'shape'] as const) {
    for (const audioChannels of [null, 1, 2] as const) {
      const plan = { transcode, width: 396, height: 704, startMs: 407.123456, durationMs: 4_000, audioChannels };
      const { inputs, output } = publishArgs(plan, { capture: '/a b/c.mkv', output: '/a b/d.mp4' });
      const all = [...inputs.flatMap(({ options }) => options), ...output.options];
      expect(all.filter((argument) => argument.includes(' '))).toEqual([]);
      expect(inputs).toHaveLength(1);
      expect(inputs[0]?.url).toBe('file:/a b/c.mkv');
      expect(inputs[0]?.options).toContain('-0.407123');
      expect(all.includes('libx264')).toBe(transcode !== null);
    }
  }
});
