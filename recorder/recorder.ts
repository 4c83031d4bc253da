import { AppError } from '#protocol/errors.ts';
import type { CaptureContainer } from './args.ts';
import { superviseCapture, type Capture } from './capture.ts';
import {
  captureType,
  findContainer,
  finishFile,
  listSessions,
  makeFolder,
  removeTake,
  removeVerified,
  sessionFolder,
  takeFiles,
  type CaptureType,
  type TakeFiles,
} from './capture-files.ts';
import { createDamageReport } from './capture-damage.ts';
import { endOrphan, listJournals, writeJournal } from './capture-journal.ts';
import { launchCapture } from './capture-launch.ts';
import { examineCapture, type CaptureResult } from './capture-result.ts';
import { openCaptureRtcp } from './capture-rtcp.ts';
import { watchCapture } from './capture-watch.ts';
import { requireFreeSpace } from './disk.ts';
import { createPortPool } from './ports.ts';
import type { RtpSource } from './source.ts';

export type { Capture, CaptureLoss } from './capture.ts';
export type { CaptureResult } from './capture-result.ts';
export type { CaptureType } from './capture-files.ts';

/** The part of a logger that is used. Only ids and numbers are passed. */
export interface RecorderLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface RecorderOptions {
  /** Absolute; each session has a folder in it. */
  directory: string;
  ffmpegPath: string;
  ffprobePath: string;
  /** Where ffmpeg listens on 127.0.0.1, ends included: four ports a take. */
  ports: { min: number; max: number };
  /** A take begins only while so much is free. */
  minFreeBytes: number;
  log?: RecorderLog;
}

/** Records takes, and keeps them until they are removed. Ids are of `[A-Za-z0-9_-]`, else AppError `bad_request`. */
export interface Recorder {
  /**
   * Gets ready to record: resolves when ffmpeg listens and the source is connected to it. The source is closed by the
   * capture, and here when it fails.
   * @throws AppError `busy`, `disk_full`, `recorder_failed`, `shutting_down`; `wrong_state` when the take has a file
   */
  arm(options: { sessionId: string; takeId: string; source: RtpSource }): Promise<Capture>;
  /** A finished capture; null when there is none. */
  open(sessionId: string, takeId: string): Promise<{ file: string; type: CaptureType } | null>;
  /**
   * Saves what a crash left of a take, and removes what cannot be played.
   * @returns null when nothing playable is there
   * @throws AppError `wrong_state` while the take is recorded, `recorder_failed` when it cannot be examined now
   */
  recover(sessionId: string, takeId: string): Promise<CaptureResult | null>;
  /** Removes a take's files, also while it is recorded, and makes sure that they are gone. */
  remove(sessionId: string, takeId: string): Promise<void>;
  /** Removes a session's folder, also while it is recorded, and makes sure that it is gone. */
  removeSession(sessionId: string): Promise<void>;
  /** The ids of the sessions that have files. */
  list(): Promise<string[]>;
  /** Aborts what is being recorded and takes nothing more. */
  close(): Promise<void>;
}

/** Makes a recorder; its folder is made when the first take needs it. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { directory, ffmpegPath, ffprobePath, log } = options;
  const ports = createPortPool(options.ports);
  const tools = { ffprobePath };
  /** By session and take, from the moment that its arming begins until ffmpeg has ended. */
  const active = new Map<string, { sessionId: string; capture: Promise<Capture> }>();
  let closed = false;

  const keyOf = (sessionId: string, takeId: string) => `${sessionId}/${takeId}`;

  async function prepare(sessionId: string, files: TakeFiles): Promise<void> {
    await makeFolder(files.folder);
    await requireFreeSpace(directory, options.minFreeBytes);
    const left = (await findContainer(files, 'part')) ?? (await findContainer(files, 'finished'));
    if (left) throw new AppError('wrong_state', 'This take has been recorded already.');
    log?.info({ sessionId }, 'recorder arms');
  }

  async function launch(sessionId: string, takeId: string, source: RtpSource): Promise<Capture> {
    const files = takeFiles(directory, sessionId, takeId);
    const key = keyOf(sessionId, takeId);
    await prepare(sessionId, files);
    const container: CaptureContainer = source.video.codec === 'h264' ? 'mp4' : 'webm';
    const output = files.part(container);
    const undo: (() => unknown)[] = [() => removeTake(files)];
    try {
      const rtcp = await openCaptureRtcp();
      undo.unshift(() => rtcp.close());
      const damage = createDamageReport();
      const launched = await launchCapture({
        ...{ ffmpegPath, ports, source, output, container },
        sdp: files.sdp,
        onLine: (line) => damage.line(line),
      });
      const { ffmpeg, rtpPorts } = launched;
      const release = () =>
        ports.release(rtpPorts.audio === null ? [rtpPorts.video] : [rtpPorts.video, rtpPorts.audio]);
      undo.unshift(async () => {
        ffmpeg.kill('SIGKILL');
        await ffmpeg.exited;
        release();
      });
      await writeJournal(files.journal, { pid: ffmpeg.pid, file: output });
      const watch = await watchCapture(output, container);
      undo.unshift(() => watch.close());
      const rtcpPort = rtcp.sinkPort;
      const audio = rtpPorts.audio === null ? null : { rtp: rtpPorts.audio, rtcp: rtcpPort };
      await source.connect({ video: { rtp: rtpPorts.video, rtcp: rtcpPort }, audio });
      const onClosed = (by: string) => {
        release();
        log?.info({ sessionId, takeId, by }, 'recorder ended');
      };
      return superviseCapture({
        ...launched,
        source,
        rtcp,
        ...{ watch, damage },
        files,
        container,
        tools,
        onClosed,
        onOver: () => active.delete(key),
      });
    } catch (error) {
      for (const step of undo) await step();
      if (error instanceof AppError) throw error;
      throw new AppError('recorder_failed', 'The recorder could not be started.', { cause: error });
    }
  }

  async function arm({ sessionId, takeId, source }: Parameters<Recorder['arm']>[0]): Promise<Capture> {
    const key = keyOf(sessionId, takeId);
    try {
      if (closed) throw new AppError('shutting_down', 'The server is being restarted.');
      if (active.has(key)) throw new AppError('wrong_state', 'This take is being recorded already.');
    } catch (error) {
      source.close();
      throw error;
    }
    const capture = launch(sessionId, takeId, source);
    active.set(key, { sessionId, capture });
    try {
      return await capture;
    } catch (error) {
      active.delete(key);
      source.close();
      throw error;
    }
  }

  const abortAll = (captures: readonly { capture: Promise<Capture> }[]) =>
    Promise.all(captures.map(({ capture }) => capture.then((made) => made.abort()).catch(() => undefined)));

  return {
    arm,
    async open(sessionId, takeId) {
      const files = takeFiles(directory, sessionId, takeId);
      const container = await findContainer(files, 'finished');
      return container && { file: files.finished(container), type: captureType(container) };
    },
    async recover(sessionId, takeId) {
      const files = takeFiles(directory, sessionId, takeId);
      if (active.has(keyOf(sessionId, takeId))) throw new AppError('wrong_state', 'The take is being recorded.');
      await endOrphan(files.journal);
      const finished = await findContainer(files, 'finished');
      const container = finished ?? (await findContainer(files, 'part'));
      if (!container) return null;
      const file = finished ? files.finished(container) : files.part(container);
      try {
        const result = await examineCapture(file, container, tools);
        return { ...result, file: finished ? file : await finishFile(files, container) };
      } catch (error) {
        // A fault of the machine says nothing about the take, which is looked at again later.
        if (!(error instanceof AppError) || error.code !== 'media_missing') throw error;
        log?.warn({ sessionId, takeId, err: error }, 'nothing of the take can be played');
        await removeTake(files);
        return null;
      }
    },
    async remove(sessionId, takeId) {
      const files = takeFiles(directory, sessionId, takeId);
      const running = active.get(keyOf(sessionId, takeId));
      if (running) await abortAll([running]);
      await removeTake(files);
    },
    async removeSession(sessionId) {
      const folder = sessionFolder(directory, sessionId);
      await abortAll([...active.values()].filter((running) => running.sessionId === sessionId));
      for (const journal of await listJournals(folder)) await endOrphan(journal);
      await removeVerified(folder);
    },
    list: () => listSessions(directory),
    async close() {
      closed = true;
      await abortAll([...active.values()]);
    },
  };
}
