import type { FfmpegOptions } from './ffmpeg.ts';
import { fileUrl, SAFE_INPUT } from './probe-run.ts';
import type { PublishPlan } from './publish-plan.ts';

const SAMPLE_RATE = 48_000;
const AAC_BITS_PER_CHANNEL = 64_000;
const FRAMES_PER_SECOND = 30;
/** A key frame at least each 2 s: what a viewer waits for after a jump. */
const KEY_FRAME_INTERVAL = 2 * FRAMES_PER_SECOND;
/** Two threads keep up with four times real time; more would only take turns from the live recorders. */
const ENCODER_THREADS = 2;

/**
 * ffmpeg's command for a plan; pure.
 *
 * Time: `-copyts` keeps ffmpeg from shifting the streams by a guess of its own and `-itsoffset` moves the first picture
 * to 0, sound by the same amount. Sound from before the first picture is cut and sound that starts later is preceded by
 * silence (`first_pts=0`), so that both streams begin at 0 and no player has to understand an edit list with a gap.
 * Gaps in the sound (lost packets, discontinuous transmission) are filled with silence; without, all that follows a gap
 * would come early (ffmpeg-resampler(1), `async`; 10 ms is below a packet of 20 ms and above Matroska's rounding).
 */
export function publishArgs(
  plan: PublishPlan,
  files: { capture: string; output: string },
): Omit<FfmpegOptions, 'ffmpegPath'> {
  const offset = (-plan.startMs / 1000).toFixed(6);
  return {
    inputs: [{ url: fileUrl(files.capture), options: [...SAFE_INPUT, '-itsoffset', offset] }],
    output: {
      file: fileUrl(files.output),
      options: [
        ...['-nostdin', '-v', 'error', '-stats', '-stats_period', '0.2', '-copyts'],
        ...soundArgs(plan),
        ...['-map', '0:v:0', '-map_metadata', '-1', '-map_chapters', '-1'],
        ...pictureArgs(plan),
        ...['-movflags', '+faststart'],
      ],
    },
  };
}

function soundArgs({ audioChannels, durationMs }: PublishPlan): string[] {
  const aac = ['-c:a', 'aac', '-profile:a', 'aac_low', '-aac_coder', 'fast', '-ar', String(SAMPLE_RATE)];
  const coded = (channels: number) => [
    ...aac,
    '-ac',
    String(channels),
    '-b:a',
    String(channels * AAC_BITS_PER_CHANNEL),
  ];
  if (audioChannels === null) {
    const seconds = (durationMs / 1000).toFixed(3);
    const silence = `anullsrc=r=${SAMPLE_RATE}:cl=mono,atrim=end=${seconds}[silence]`;
    return ['-filter_complex', silence, '-map', '[silence]', ...coded(1)];
  }
  const steady = `aresample=${SAMPLE_RATE}:async=1:min_hard_comp=0.01:first_pts=0`;
  return ['-map', '0:a:0', '-af', steady, ...coded(audioChannels)];
}

/**
 * The crop is in shares of the frame that arrives, so that it holds for each of the sizes of one capture; ffmpeg turns
 * a rotated picture upright before it. Colours are converted to BT.709 and said to be, as players guess otherwise.
 */
function pictureArgs({ transcode, width, height, durationMs }: PublishPlan): string[] {
  if (!transcode) return ['-c:v', 'copy'];
  const filters = [
    'trim=start=-0.005',
    "crop=w='min(iw,ih*9/16/sar)':h='min(ih,iw*sar*16/9)'",
    `scale=w=${width}:h=${height}:flags=bicubic:out_color_matrix=bt709:out_range=tv`,
    'setsar=1',
    'format=yuv420p',
  ];
  return [
    ...['-vf', filters.join(','), '-r', String(FRAMES_PER_SECOND), '-fps_mode', 'cfr'],
    // At the end of a faster source ffmpeg would repeat the last frame a few times.
    ...['-t', (durationMs / 1000).toFixed(3)],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23', '-maxrate', '2500k', '-bufsize', '5000k'],
    ...['-profile:v', 'high', '-level:v', '4.0', '-g', String(KEY_FRAME_INTERVAL), '-threads', String(ENCODER_THREADS)],
    ...['-color_range', 'tv', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
  ];
}

/** The instant that a line of ffmpeg's `-stats` reports, in milliseconds; null for any other line. */
export function parseProgress(line: string): number | null {
  const match = /\btime=(\d+):(\d+):(\d+(?:\.\d+)?)/.exec(line);
  if (!match) return null;
  return ((Number(match[1]) * 60 + Number(match[2])) * 60 + Number(match[3])) * 1000;
}
