import type { FfmpegOptions } from './ffmpeg.ts';
import { fileUrl } from './probe-run.ts';

/** The container a capture is written to: MP4 for H.264, WebM for VP8. */
export type CaptureContainer = 'mp4' | 'webm';

/** What is still in memory when a crash comes: one fragment or cluster. Also the delay before a key frame is seen. */
const FRAGMENT_MS = 40;
/**
 * How long a gap in the packets is held open: a lost packet that is sent again comes a round trip later. Media behind
 * the gap wait as long, and are lost when the recorder dies then.
 */
export const REORDER_DELAY_MS = 400;
const REORDER_QUEUE_PACKETS = 500;
/** Linux grants less unless `net.core.rmem_max` allows it. */
const SOCKET_BUFFER_BYTES = 8 * 1024 * 1024;
/** Gives up waiting for a stream's first packet; a key frame must have come by then. */
const ANALYSE_MS = 2_500;
const PROBE_BYTES = 5_000_000;
/** By how much a stream that fell silent may hold back the other one. */
const INTERLEAVE_MS = 300;

/**
 * ffmpeg 5.1 hands on the first H.264 picture without its times and would put it at 0, though sound came before it: it
 * goes before the second one instead. Live pictures are decoded in the order they are shown.
 */
const FIRST_PICTURE = 'if(eq(N,0)*lt(PTS,NEXT_PTS-0.1/TB),NEXT_PTS-0.033/TB,PTS)';

const FRAGMENTED_MP4 = [
  ...['-bsf:v', `setts=pts='${FIRST_PICTURE}':dts=PTS`],
  ...['-f', 'mp4', '-frag_duration', String(FRAGMENT_MS * 1000)],
  // Without delay_moov the first packet of a stream that begins late is put at 0.
  ...['-movflags', '+frag_keyframe+empty_moov+default_base_moof+delay_moov'],
];
const CLUSTERED_WEBM = ['-f', 'webm', '-cluster_time_limit', String(FRAGMENT_MS)];

/** ffmpeg's arguments for a capture: what arrives is copied, nothing is transcoded. */
export function captureArgs(options: {
  sdp: string;
  output: string;
  container: CaptureContainer;
}): Pick<FfmpegOptions, 'inputs' | 'output'> {
  const input = [
    // `verbose` says once a stream that its ports are open, `repeat` keeps equal lines from being folded into one.
    ...['-hide_banner', '-nostats', '-loglevel', 'repeat+verbose'],
    ...['-protocol_whitelist', 'file,udp,rtp', '-f', 'sdp', '-localaddr', '127.0.0.1'],
    ...['-buffer_size', String(SOCKET_BUFFER_BYTES), '-reorder_queue_size', String(REORDER_QUEUE_PACKETS)],
    ...['-max_delay', String(REORDER_DELAY_MS * 1000)],
    ...['-analyzeduration', String(ANALYSE_MS * 1000), '-probesize', String(PROBE_BYTES), '-fpsprobesize', '0'],
    // H.264 in a copy has its decoding times guessed after 7 pictures: a quarter of a second that nobody needs.
    ...['-max_ts_probe', '0'],
  ];
  const output = [
    ...['-y', '-map', '0:v:0', '-map', '0:a:0?', '-c', 'copy'],
    ...['-flush_packets', '1', '-max_interleave_delta', String(INTERLEAVE_MS * 1000)],
    ...(options.container === 'mp4' ? FRAGMENTED_MP4 : CLUSTERED_WEBM),
  ];
  return {
    inputs: [{ url: fileUrl(options.sdp), options: input }],
    output: { file: fileUrl(options.output), options: output },
  };
}
