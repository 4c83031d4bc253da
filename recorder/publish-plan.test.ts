import { describe, expect, test } from 'vitest';
import type { Packets } from './probe-packets.ts';
import type { VideoStream } from './probe.ts';
import { planPublish } from './publish-plan.ts';

type VideoPackets = NonNullable<Packets['video']>;
const stream = (changes: Partial<VideoStream> = {}): VideoStream => ({
  ...{ codec: 'h264', profile: 'Constrained Baseline', level: 31, width: 720, height: 1280, sar: 1, rotation: 0 },
  ...{ avgFps: 30, pixelFormat: 'yuv420p', colour: { range: null, space: null, primaries: null, transfer: null } },
  ...changes,
});
const packets = (...sizes: [number, number, number?][]): VideoPackets => ({
  ...{ count: 300, startMs: 400, endMs: 10_400, keyFrames: 5 },
  sizes: sizes.map(([width, height, sar = 1], index) => ({ atMs: index * 1000, width, height, sar })),
});
const silent = { stream: null, span: null };

describe('planPublish', () => {
  test.each([
    [720, 1280],
    [540, 960],
    [360, 640],
    [180, 320],
    [406, 720],
    [404, 720],
  ])('copies %ix%i', (width, height) => {
    const plan = planPublish(stream({ width, height }), packets([width, height]), silent);
    expect(plan).toMatchObject({ transcode: null, width, height });
  });

  test.each<[string, Partial<VideoStream>, [number, number, number?][], [number, number]]>([
    ['codec', { codec: 'vp8', profile: null, level: null }, [[720, 1280]], [720, 1280]],
    ['codec', { profile: 'High 10', pixelFormat: 'yuv420p10le' }, [[720, 1280]], [720, 1280]],
    ['level', { level: 42 }, [[720, 1280]], [720, 1280]],
    ['level', { level: null }, [[720, 1280]], [720, 1280]],
    ['too_large', { width: 1080, height: 1920 }, [[1080, 1920]], [720, 1280]],
    ['shape', { width: 1280, height: 720 }, [[1280, 720]], [396, 704]],
    ['shape', { width: 1920, height: 1080 }, [[1920, 1080]], [594, 1056]],
    ['shape', { width: 480, height: 640 }, [[480, 640]], [360, 640]],
    ['shape', { width: 405, height: 720 }, [[405, 720]], [396, 704]],
    ['shape', { width: 90, height: 100 }, [[90, 100]], [180, 320]],
    ['pixels', {}, [[720, 1280, 2]], [720, 1280]],
    ['pixels', { sar: 0.5 }, [[720, 1280, 0.5]], [360, 640]],
    ['rotation', { rotation: 90 }, [[720, 1280]], [396, 704]],
    ['rotation', { rotation: 180 }, [[720, 1280]], [720, 1280]],
    [
      'size_changes',
      {},
      [
        [360, 640],
        [720, 1280],
        [540, 960],
      ],
      [720, 1280],
    ],
    [
      'size_changes',
      {},
      [
        [1280, 720],
        [180, 320],
      ],
      [396, 704],
    ],
    ['size_changes', {}, [[360, 640]], [360, 640]],
  ])('transcodes for %s: %o %o', (reason, changes, sizes, [width, height]) => {
    const plan = planPublish(stream(changes), packets(...sizes), silent);
    expect(plan).toMatchObject({ transcode: reason, width, height });
    expect(width % 2).toBe(0);
    expect(width * 16).toBe(height * 9);
  });

  test('begins at the first picture and ends with the later of picture and sound', () => {
    const audio = { codec: 'opus', profile: null, sampleRate: 48_000, channels: 2 };
    const span = (startMs: number, endMs: number) => ({ count: 1, startMs, endMs });
    const plan = (startMs: number, endMs: number, channels = 2) =>
      planPublish(stream(), packets([720, 1280]), { stream: { ...audio, channels }, span: span(startMs, endMs) });
    expect(plan(0, 10_500)).toMatchObject({ startMs: 400, durationMs: 10_100, audioChannels: 2 });
    expect(plan(0, 9_000, 1)).toMatchObject({ durationMs: 10_000, audioChannels: 1 });
    expect(plan(0, 9_000, 6)).toMatchObject({ audioChannels: 2 });
    // All of it lies before the first picture: nothing is left of it.
    expect(plan(0, 400)).toMatchObject({ durationMs: 10_000, audioChannels: null });
    expect(planPublish(stream(), packets([720, 1280]), silent).audioChannels).toBeNull();
    expect(planPublish(stream(), packets([720, 1280]), { stream: audio, span: null }).audioChannels).toBeNull();
  });
});
