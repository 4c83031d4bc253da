import type { Router, WebRtcServer } from 'mediasoup/types';
import { AppError } from '#protocol/errors.ts';
import { systemClock, type Clock, type Timer } from '#server/clock.ts';
import type { Logger } from '#server/log.ts';
import { asAppError } from './refusals.ts';
import { startWorker, type RunningWorker } from './worker.ts';

/** How long after a failed start the next one is tried. */
const RESTART_DELAY_MS = 1_000;

export interface WorkersOptions {
  /** One a core. */
  count: number;
  /** The worker program; undefined for the one that mediasoup installed. */
  workerBin: string | undefined;
  rtcListenIp: string;
  /** The address or host name that browsers reach this machine by. */
  announcedAddress: string;
  /** The first worker's port, UDP and TCP; each further worker has the next. */
  rtcPortMin: number;
  /** UDP ports of 127.0.0.1 that media is sent to the recorder from, four for each take. */
  plainPortRange: { min: number; max: number };
  log: Logger;
  clock?: Clock;
}

/** A router of one's own on one of the workers. Close the router to give it back. */
export interface RouterLease {
  readonly router: Router;
  readonly webRtcServer: WebRtcServer;
}

/** What one worker process holds. */
export interface WorkerReport {
  pid: number;
  routers: number;
  webRtcTransports: number;
  /** Everything that the worker keeps alive for us: servers, routers, transports, producers and consumers. */
  handlers: number;
}

/** The worker processes of this server. */
export interface Workers {
  readonly plainPortRange: { min: number; max: number };
  /**
   * Makes a router on the worker that has the fewest.
   * @throws AppError `unavailable` when no worker is running
   */
  lease(): Promise<RouterLease>;
  /** What each running worker holds, for health pages and for tests of leaks. */
  report(): Promise<WorkerReport[]>;
  /** Ends every worker, and resolves when the processes have gone. Harmless when called again. */
  close(): Promise<void>;
}

interface Slot {
  port: number;
  running: RunningWorker | null;
  starting: Promise<void> | null;
  restart: Timer | null;
  routers: number;
}

/**
 * Starts the workers. One that dies later is replaced, on the same port, for as long as it takes; its routers are
 * closed, and whoever holds one of them is told by mediasoup's own events.
 * @throws Error when a worker does not start or a port is taken; none is left running then
 */
export async function createWorkers(options: WorkersOptions): Promise<Workers> {
  const { count, rtcPortMin, log, clock = systemClock } = options;
  const slots = Array.from({ length: count }, (_, index): Slot => ({
    port: rtcPortMin + index,
    running: null,
    starting: null,
    restart: null,
    routers: 0,
  }));
  let closing: Promise<void> | null = null;

  async function start(slot: Slot): Promise<void> {
    const running = await startWorker({
      workerBin: options.workerBin,
      listenIp: options.rtcListenIp,
      announcedAddress: options.announcedAddress,
      port: slot.port,
    });
    if (closing) return running.close();
    const { worker } = running;
    worker.once('died', (error) => {
      log.error({ err: error, pid: worker.pid, port: slot.port }, 'media worker died');
      slot.running = null;
      slot.routers = 0;
      replace(slot);
    });
    if (worker.died) throw new Error(`media worker ${worker.pid} died while it started`);
    slot.running = running;
    log.info({ pid: worker.pid, port: slot.port }, 'media worker started');
  }

  function replace(slot: Slot): void {
    if (closing || slot.starting || slot.restart) return;
    slot.starting = start(slot)
      .catch((error: unknown) => {
        log.error({ err: error, port: slot.port }, 'media worker could not be started');
        if (closing) return;
        slot.restart = clock.at(clock.now() + RESTART_DELAY_MS, () => {
          slot.restart = null;
          replace(slot);
        });
      })
      .finally(() => {
        slot.starting = null;
        // It may have died while it was still counted as starting.
        if (!slot.running && !slot.restart) replace(slot);
      });
  }

  async function closeAll(): Promise<void> {
    for (const slot of slots) slot.restart?.cancel();
    await Promise.all(slots.flatMap(({ starting }) => starting ?? []));
    await Promise.all(slots.flatMap(({ running }) => running?.close() ?? []));
    for (const slot of slots) slot.running = null;
  }

  const close = () => (closing ??= closeAll());

  const started = await Promise.allSettled(slots.map(start));
  const failed = started.find((result) => result.status === 'rejected');
  if (failed) {
    await close();
    throw failed.reason;
  }

  return {
    plainPortRange: options.plainPortRange,

    async lease() {
      const slot = slots
        .filter(({ running }) => running)
        .reduce<Slot | null>((least, each) => (least && least.routers <= each.routers ? least : each), null);
      const running = slot?.running;
      if (closing || !slot || !running) {
        throw new AppError('unavailable', 'The media server is restarting. Please try again in a moment.');
      }
      // Counted before it exists, so that many who come at once are spread too.
      slot.routers += 1;
      const giveBack = () => {
        if (slot.running === running) slot.routers -= 1;
      };
      try {
        const router = await running.createRouter();
        router.observer.once('close', giveBack);
        return { router, webRtcServer: running.webRtcServer };
      } catch (error) {
        giveBack();
        throw asAppError(error);
      }
    },

    report() {
      return Promise.all(slots.flatMap(({ running }) => (running ? [reportOf(running)] : [])));
    },

    close,
  };
}

async function reportOf({ worker, webRtcServer }: RunningWorker): Promise<WorkerReport> {
  const [{ routerIds, channelMessageHandlers }, { webRtcTransportIds }] = await Promise.all([
    worker.dump(),
    webRtcServer.dump(),
  ]);
  return {
    pid: worker.pid,
    routers: routerIds.length,
    webRtcTransports: webRtcTransportIds.length,
    handlers: channelMessageHandlers.channelRequestHandlers.length,
  };
}
