import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { findTool } from './tools.ts';

/** Longest time that decoding one file may take. */
const DECODE_TIMEOUT_MS = 120_000;

export interface StreamFacts {
  codec: string;
  width: number;
  height: number;
  sampleRate: number;
  durationMs: number;
}

/** The first video and sound stream of a file, as ffprobe names them; absent ones are null. */
export async function probeStreams(file: string): Promise<{
  video: StreamFacts | null;
  audio: StreamFacts | null;
  durationMs: number;
}> {
  const args = ['-v', 'error', '-of', 'json', '-show_streams', '-show_format', file];
  const { stdout } = await promisify(execFile)(findTool('FFPROBE_PATH', 'ffprobe'), args, {
    timeout: DECODE_TIMEOUT_MS,
  });
  const found = JSON.parse(stdout) as {
    streams: Record<string, string | number>[];
    format: Record<string, string>;
  };
  const facts = (kind: string): StreamFacts | null => {
    const stream = found.streams.find((one) => one['codec_type'] === kind);
    if (!stream) return null;
    return {
      codec: String(stream['codec_name']),
      width: Number(stream['width'] ?? 0),
      height: Number(stream['height'] ?? 0),
      sampleRate: Number(stream['sample_rate'] ?? 0),
      durationMs: Number(stream['duration'] ?? Number.NaN) * 1000,
    };
  };
  return { video: facts('video'), audio: facts('audio'), durationMs: Number(found.format['duration']) * 1000 };
}

/** One unit that passed ffmpeg's `showinfo` or `ashowinfo`: a frame, or a run of samples. */
export interface Passed {
  ptsMs: number;
  samples: number;
}

/**
 * Decodes one stream of a file to raw bytes, handing them on as they come.
 * @param filters must end with `showinfo` or `ashowinfo`
 * @param onData must take what it needs at once; nothing is kept
 * @returns the units in order, and every line that ffmpeg marks as a warning or worse
 * @throws Error with ffmpeg's words when it fails or takes longer than two minutes
 */
export async function decodeRaw(options: {
  file: string;
  stream: 'v' | 'a';
  filters: string;
  format: readonly string[];
  onData: (data: Buffer) => void;
}): Promise<{ passed: Passed[]; warnings: string[] }> {
  const args = ['-hide_banner', '-nostats', '-nostdin', '-loglevel', 'level+info', '-copyts', '-i', options.file];
  args.push('-map', `0:${options.stream}:0`, `-filter:${options.stream}`, options.filters);
  // In the file's own time base: in one of the guessed frame rate, two frames close together would get the same time.
  args.push('-fps_mode', 'passthrough', '-enc_time_base', '-1', ...options.format, 'pipe:1');
  const child = spawn(findTool('FFMPEG_PATH', 'ffmpeg'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), DECODE_TIMEOUT_MS);
  const passed: Passed[] = [];
  const warnings: string[] = [];
  child.stdout.on('data', options.onData);
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => {
    const pts = /Parsed_a?showinfo.* pts_time:\s*(-?[\d.]+)/.exec(line)?.[1];
    if (pts) passed.push({ ptsMs: Number(pts) * 1000, samples: Number(/nb_samples:(\d+)/.exec(line)?.[1] ?? 0) });
    // What our own scaling to grey says is no word about the file.
    else if (/\[(warning|error|fatal|panic)\]/.test(line) && !line.includes('[swscaler')) warnings.push(line);
  });
  try {
    const [[code]] = (await Promise.all([once(child, 'close'), once(lines, 'close')])) as [[number | null], unknown];
    if (code !== 0) throw new Error(`ffmpeg could not decode ${options.file}: ${warnings.join('; ')}`);
  } finally {
    clearTimeout(timer);
  }
  return { passed, warnings };
}
