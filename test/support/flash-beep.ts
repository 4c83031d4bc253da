import { spawn } from 'node:child_process';
import { buffer, text } from 'node:stream/consumers';
import { findTool } from './tools.ts';

const SAMPLE_RATE = 48_000;
const BYTES_PER_SAMPLE = 2;
/** A flash or a beep begins after at least this much darkness or silence. */
const PAUSE_MS = 300;
const BRIGHT = 128;
const LOUD = 0.2 * 32_768;

/** Decodes with ffmpeg and keeps the file's own timeline. */
async function decode(file: string, args: readonly string[]): Promise<{ output: Buffer; errors: string }> {
  const child = spawn(findTool('FFMPEG_PATH', 'ffmpeg'), ['-nostdin', '-v', 'error', '-copyts', '-i', file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors] = await Promise.all([buffer(child.stdout), text(child.stderr)]);
  return { output, errors };
}

/** What ffmpeg complains about while it decodes the whole file; empty for a sound one. */
export async function decodeErrors(file: string): Promise<string> {
  return (await decode(file, ['-f', 'null', '-'])).errors;
}

/** A checksum of the coded video, the same when a stream was copied. */
export async function codedVideo(file: string): Promise<string> {
  return (await decode(file, ['-map', '0:v', '-c', 'copy', '-f', 'streamhash', '-'])).output.toString();
}

/** The times of all decoded frames and their mean brightness, 0 to 255. */
export async function frames(file: string): Promise<{ atMs: number; brightness: number }[]> {
  const filter = 'signalstats,metadata=mode=print:key=lavfi.signalstats.YAVG:file=-';
  const passed = ['-fps_mode', 'passthrough', '-f', 'null', '/dev/null'];
  const { output } = await decode(file, ['-map', '0:v', '-vf', filter, ...passed]);
  const found = output.toString().matchAll(/pts_time:(-?[\d.]+)\s+lavfi\.signalstats\.YAVG=([\d.]+)/g);
  return Array.from(found, ([, at, brightness]) => ({ atMs: Number(at) * 1000, brightness: Number(brightness) }));
}

/** When the picture turns from dark to bright. */
export async function flashes(file: string): Promise<number[]> {
  return onsets((await frames(file)).map(({ atMs, brightness }) => ({ atMs, on: brightness > BRIGHT })));
}

/** The sound as 16-bit mono at 48 kHz from the file's instant 0 on. */
export async function sound(file: string): Promise<Int16Array> {
  const filter = `aresample=${SAMPLE_RATE}:async=1:min_hard_comp=0.001:first_pts=0`;
  const { output } = await decode(file, ['-map', '0:a', '-af', filter, '-ac', '1', '-f', 's16le', '-']);
  return new Int16Array(output.buffer, output.byteOffset, Math.floor(output.length / BYTES_PER_SAMPLE));
}

/** When the sound turns from silent to loud. */
export async function beeps(file: string): Promise<number[]> {
  const samples = await sound(file);
  const at = (index: number) => (index / SAMPLE_RATE) * 1000;
  return onsets(Array.from(samples, (value, index) => ({ atMs: at(index), on: Math.abs(value) > LOUD })));
}

function onsets(signal: readonly { atMs: number; on: boolean }[]): number[] {
  const found: number[] = [];
  let lastOn = -Infinity;
  for (const { atMs, on } of signal) {
    if (!on) continue;
    if (atMs - lastOn > PAUSE_MS) found.push(atMs);
    lastOn = atMs;
  }
  return found;
}
