import { rm } from 'node:fs/promises';
import { AppError } from '#protocol/errors.ts';
import type { CaptureContainer } from './args.ts';
import { endFfmpeg, within } from './capture-end.ts';
import { finishFile, type TakeFiles } from './capture-files.ts';
import { examineCapture, resultOf, type CaptureResult } from './capture-result.ts';
import { alignReports, type CaptureRtcp } from './capture-rtcp.ts';
import type { DamageReport } from './capture-damage.ts';
import { removeJournal } from './capture-journal.ts';
import type { Launched } from './capture-launch.ts';
import type { CaptureWatch } from './capture-watch.ts';
import type { ProbeOptions } from './probe-run.ts';
import type { RtpSource, RtpStream } from './source.ts';

/** Why a capture ended that nobody stopped. */
export type CaptureLoss = 'media_lost' | 'recorder_failed';

/** One take while it is recorded, by an ffmpeg of its own. */
export interface Capture {
  /** Resolves only when the capture ends by itself. The caller then stops it, which saves what there is. */
  readonly ended: Promise<CaptureLoss>;
  /** Resolves when the recording was stopped or aborted and its file is as it stays. */
  readonly stopped: Promise<void>;
  /**
   * Lets the media flow and resolves once the first picture, a key frame, is on disk. After an error nothing is left.
   * @returns the instant of that, in milliseconds since 1970
   * @throws AppError `media_missing` when no picture comes in time, `recorder_failed` when ffmpeg ends, `wrong_state`
   * when it was started, stopped or aborted before
   */
  start(): Promise<{ firstFrameAt: number }>;
  /**
   * Ends the recording with all that was sent until now, and examines it. Two stops are one.
   * @throws AppError `media_missing` when there is no decodable picture, then nothing is left; `recorder_failed` when
   * that could not be found out, then the file stays for `recover`; `wrong_state` when it was aborted
   */
  stop(): Promise<CaptureResult>;
  /** Ends the recording and removes it. Harmless when it has ended already; a finished file stays. */
  abort(): Promise<void>;
}

/** What a capture is made of; it closes all of it. */
export interface CaptureParts extends Launched {
  source: RtpSource;
  rtcp: CaptureRtcp;
  watch: CaptureWatch;
  damage: DamageReport;
  files: TakeFiles;
  container: CaptureContainer;
  tools: ProbeOptions;
  /** Called once, when ffmpeg has ended and its ports are free, with the step that ended it. */
  onClosed: (by: string) => void;
  /** Called once, when nothing more happens to the capture's file. */
  onOver: () => void;
}

/** It only moves on. `over` is finished, failed or aborted. */
type State = 'armed' | 'starting' | 'recording' | 'stopping' | 'over';

const FIRST_PICTURE_TIMEOUT_MS = 3_000;
const FIRST_KEY_FRAME_INTERVAL_MS = 250;
/** ffmpeg sends no feedback, so nobody else asks for the key frames that repair a broken picture. */
const KEY_FRAME_INTERVAL_MS = 2_000;
/** A source whose worker has died may never answer. */
const PAUSE_TIMEOUT_MS = 150;
const SILENCE_TIMEOUT_MS = 10_000;
const SILENCE_CHECK_INTERVAL_MS = 1_000;

/** Supervises a recorder that listens. */
export function superviseCapture(parts: CaptureParts): Capture {
  const { source, rtcp, watch, files, container, ffmpeg } = parts;
  const ended = Promise.withResolvers<CaptureLoss>();
  const givenUp = Promise.withResolvers<never>();
  // Only a start that is under way listens to it.
  givenUp.promise.catch(() => undefined);
  const settled = Promise.withResolvers<void>();
  let state: State = 'armed';
  let stopping: Promise<CaptureResult> | null = null;
  let closing: Promise<void> | null = null;
  let aborting: Promise<void> | null = null;
  let firstPictureAt: number | null = null;
  let keyFrames: NodeJS.Timeout | undefined;
  let silence: NodeJS.Timeout | undefined;

  const lost = (loss: CaptureLoss) => {
    if (state === 'stopping' || state === 'over') return;
    ended.resolve(loss);
  };
  source.onLost(() => lost('media_lost'));
  void ffmpeg.exited.then(() => lost('recorder_failed'));

  function askForKeyFrames(intervalMs: number): void {
    clearInterval(keyFrames);
    // A source that cannot ask has lost its sender, which it tells by itself.
    const ask = () => void source.requestKeyFrame().catch(() => undefined);
    ask();
    keyFrames = setInterval(ask, intervalMs);
  }
  function watchSilence(): void {
    silence = setInterval(() => {
      if (Date.now() - watch.lastPictureAt() > SILENCE_TIMEOUT_MS) lost('media_lost');
    }, SILENCE_CHECK_INTERVAL_MS);
  }

  async function sendReports(): Promise<void> {
    const streams = knownStreams(parts);
    const clockRates = new Map(streams.map(({ stream }) => [stream.ssrc, stream.clockRate]));
    const reports = source.senderReports().filter(({ ssrc }) => clockRates.has(ssrc));
    // A report for one stream only would move it against the other.
    if (reports.length < streams.length) return;
    for (const report of alignReports(reports, clockRates)) {
      const to = streams.find(({ stream }) => stream.ssrc === report.ssrc)?.to;
      if (to) await rtcp.sendReport(to, report);
    }
  }

  async function sayBye(): Promise<void> {
    for (const { stream, to } of knownStreams(parts)) await rtcp.sendBye(to, stream.ssrc);
  }

  /** Ends ffmpeg and frees everything; the file is left as it is. Twice is once. */
  const close = (gently: boolean) => (closing ??= closeOnce(gently));
  async function closeOnce(gently: boolean): Promise<void> {
    clearInterval(keyFrames);
    clearInterval(silence);
    if (gently) await within(source.pause(), PAUSE_TIMEOUT_MS).catch(() => null);
    else ffmpeg.kill('SIGKILL');
    const { by } = await endFfmpeg(ffmpeg, gently ? sayBye : () => Promise.resolve());
    source.close();
    rtcp.close();
    await watch.close();
    parts.onClosed(gently ? by : 'kill');
    await removeJournal(files.journal);
  }

  async function firstPicture(): Promise<number> {
    const failed = ended.promise.then((loss) => {
      const code = loss === 'media_lost' ? 'media_missing' : 'recorder_failed';
      throw new AppError(code, 'The recording ended before its first picture.');
    });
    const outcome = Promise.race([watch.firstPicture, failed, givenUp.promise]);
    const at = await within(outcome, FIRST_PICTURE_TIMEOUT_MS);
    if (at === null) throw new AppError('media_missing', 'No picture arrives from the camera.');
    return at;
  }

  async function start(): Promise<{ firstFrameAt: number }> {
    if (state !== 'armed') throw new AppError('wrong_state', 'The take has begun already.');
    state = 'starting';
    try {
      await sendReports();
      await source.resume();
      askForKeyFrames(FIRST_KEY_FRAME_INTERVAL_MS);
      const firstFrameAt = await firstPicture();
      firstPictureAt = firstFrameAt;
      if (state === 'starting') {
        state = 'recording';
        askForKeyFrames(KEY_FRAME_INTERVAL_MS);
        watchSilence();
      }
      return { firstFrameAt };
    } catch (error) {
      // A stop or an abort that came in between cleans up by itself.
      if (state === 'starting') await abort();
      throw error instanceof AppError
        ? error
        : new AppError('media_missing', 'The recording could not begin.', { cause: error });
    }
  }

  async function finish(): Promise<CaptureResult> {
    try {
      await close(true);
      const part = files.part(container);
      const watched = await watch.close();
      // What was cut off in the middle, or is not understood, is decoded to see what of it can be played.
      const result = watched ? resultOf(part, container, watched) : await examineCapture(part, container, parts.tools);
      const damagedAtMs = firstPictureAt === null ? [] : parts.damage.since(firstPictureAt);
      return { ...result, damagedAtMs, file: await finishFile(files, container) };
    } catch (error) {
      // Only what is known to hold no picture is worth nothing.
      const empty = error instanceof AppError && error.code === 'media_missing';
      if (empty) await rm(files.part(container), { force: true });
      throw error;
    } finally {
      over();
    }
  }

  function over(): void {
    state = 'over';
    parts.onOver();
    settled.resolve();
  }

  const abort = () => (aborting ??= abortOnce());
  async function abortOnce(): Promise<void> {
    if (stopping) return void (await stopping.catch(() => undefined));
    state = 'over';
    givenUp.reject(new AppError('wrong_state', 'The take was given up.'));
    try {
      await close(false);
      await rm(files.part(container), { force: true });
    } finally {
      over();
    }
  }

  return {
    ended: ended.promise,
    stopped: settled.promise,
    start,
    stop() {
      if (stopping) return stopping;
      if (state === 'over') return Promise.reject(new AppError('wrong_state', 'The take is over.'));
      state = 'stopping';
      givenUp.reject(new AppError('wrong_state', 'The take was stopped before it began.'));
      return (stopping = finish());
    },
    abort,
  };
}

/** The streams with their ports, audio only where it is recorded. */
function knownStreams({ source, rtpPorts }: Pick<CaptureParts, 'source' | 'rtpPorts'>) {
  const known = (stream: RtpStream, port: number) => ({ stream, to: { port, srtpKey: stream.srtpKey } });
  const streams = [known(source.video, rtpPorts.video)];
  if (source.audio && rtpPorts.audio !== null) streams.push(known(source.audio, rtpPorts.audio));
  return streams;
}
