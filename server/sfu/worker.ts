import { once } from 'node:events';
import * as mediasoup from 'mediasoup';
import type { Router, WebRtcServer, Worker } from 'mediasoup/types';
import { MEDIA_CODECS } from './codecs.ts';

/** How long a worker may take to end by itself. */
const EXIT_MS = 3_000;

/** Where a worker meets the browsers. */
export interface WorkerOptions {
  workerBin: string | undefined;
  listenIp: string;
  announcedAddress: string;
  /** For UDP and TCP. */
  port: number;
}

/** One worker process with the one port that its sessions share. */
export interface RunningWorker {
  readonly worker: Worker;
  readonly webRtcServer: WebRtcServer;
  createRouter(): Promise<Router>;
  /** Ends the process and resolves when it has gone. */
  close(): Promise<void>;
}

/**
 * Starts a worker process.
 * @throws Error when the program does not start or its port is taken
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { workerBin, listenIp: ip, announcedAddress, port } = options;
  const worker = await withoutSignals(() =>
    mediasoup.createWorker({ logLevel: 'warn', ...(workerBin === undefined ? {} : { workerBin }) }),
  );
  try {
    const webRtcServer = await worker.createWebRtcServer({
      listenInfos: [
        { protocol: 'udp', ip, announcedAddress, port },
        { protocol: 'tcp', ip, announcedAddress, port },
      ],
    });
    return {
      worker,
      webRtcServer,
      createRouter: () => worker.createRouter({ mediaCodecs: MEDIA_CODECS }),
      close: () => endWorker(worker),
    };
  } catch (error) {
    await endWorker(worker);
    throw error;
  }
}

/**
 * mediasoup closes its workers the moment the server is told to stop. The server first finishes the running takes, so
 * the listeners that would do so are taken away: they are added before `createWorker` first waits.
 */
async function withoutSignals<T>(create: () => Promise<T>): Promise<T> {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const before = new Map(signals.map((signal) => [signal, new Set(process.listeners(signal))]));
  const created = create();
  for (const signal of signals) {
    for (const listener of process.listeners(signal)) {
      if (!before.get(signal)?.has(listener)) process.removeListener(signal, listener);
    }
  }
  return created;
}

async function endWorker(worker: Worker): Promise<void> {
  worker.close();
  if (worker.subprocessClosed) return;
  const kill = setTimeout(() => killProcess(worker.pid), EXIT_MS);
  try {
    await once(worker, 'subprocessclose');
  } finally {
    clearTimeout(kill);
  }
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended at this very moment.
  }
}
