import { AppError } from '#protocol/errors.ts';
import { parseRatio } from './probe.ts';
import { runFfprobe, type ProbeOptions } from './probe-run.ts';

/** When a stream begins and ends on the file's own timeline, in fractional milliseconds, and its number of packets. */
export interface StreamSpan {
  count: number;
  startMs: number;
  endMs: number;
}

/** A size that the picture takes, from the key frame at `atMs` on. */
export interface PictureSize {
  atMs: number;
  width: number;
  height: number;
  sar: number;
}

export interface Packets {
  /** From the first decodable key frame on; what comes before cannot be shown. Null without any. */
  video: (StreamSpan & { keyFrames: number; sizes: PictureSize[] }) | null;
  audio: StreamSpan | null;
}

/** About 0.1 s for a take of a minute; a whole session's recording takes longer. */
const PACKETS_TIMEOUT_MS = 120_000;

interface Packet {
  ptsMs: number;
  durationMs: number;
}

/**
 * Reads every packet of a recording and decodes its key frames, which is the only proof of what is in it: headers are
 * written before the first packet, and a frame's size is allowed to change at any key frame (H.264: ITU-T H.264 7.4.1.2.1,
 * a new sequence parameter set at an IDR picture; VP8: RFC 6386 9.1, the size is in each key frame).
 * @throws AppError `media_unsupported` when nothing in it can be read; else as `probe`
 */
export async function probePackets(file: string, options: ProbeOptions): Promise<Packets> {
  const packets = { video: [] as Packet[], audio: [] as Packet[] };
  const sizes: PictureSize[] = [];
  let keyFrames = 0;
  const stderr = await runFfprobe(file, {
    ...options,
    args: [
      ...['-skip_frame', 'nokey', '-of', 'compact'],
      '-show_entries',
      'packet=codec_type,pts_time,duration_time:frame=media_type,pts_time,width,height,sample_aspect_ratio',
    ],
    timeoutMs: PACKETS_TIMEOUT_MS,
    onLine(line) {
      const fields = parseLine(line);
      const ptsMs = Number(fields['pts_time']) * 1000;
      if (!Number.isFinite(ptsMs)) return;
      const { codec_type: kind } = fields;
      if (kind === 'video' || kind === 'audio') {
        packets[kind].push({ ptsMs, durationMs: Number(fields['duration_time']) * 1000 || 0 });
      } else if (fields['media_type'] === 'video') {
        keyFrames += 1;
        const { width, height } = fields;
        const sar = parseRatio(fields['sample_aspect_ratio']) ?? 1;
        const size = { atMs: ptsMs, width: Number(width), height: Number(height), sar };
        const last = sizes.at(-1);
        if (!last || last.width !== size.width || last.height !== size.height || last.sar !== sar) sizes.push(size);
      }
    },
  });
  if (packets.video.length + packets.audio.length === 0) {
    const cause = new Error(`ffprobe said: ${stderr}`);
    throw new AppError('media_unsupported', 'The recording cannot be read.', { cause });
  }
  const first = sizes[0];
  const video = first && spanOf(packets.video.filter(({ ptsMs }) => ptsMs >= first.atMs));
  return { video: video ? { ...video, keyFrames, sizes } : null, audio: spanOf(packets.audio) };
}

/** A line of ffprobe's `compact` writer: `packet|codec_type=video|pts_time=0.033`. */
function parseLine(line: string): Record<string, string> {
  const pairs = line.split('|').map((part) => part.split('=', 2));
  return Object.fromEntries(pairs.flatMap(([name, value]) => (name && value !== undefined ? [[name, value]] : [])));
}

function spanOf(packets: readonly Packet[]): StreamSpan | null {
  if (packets.length === 0) return null;
  let startMs = Infinity;
  let endMs = -Infinity;
  for (const { ptsMs, durationMs } of packets) {
    startMs = Math.min(startMs, ptsMs);
    endMs = Math.max(endMs, ptsMs + durationMs);
  }
  return { count: packets.length, startMs, endMs };
}
