import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { endStaleMongod } from '#config/mongod-stale.ts';
import { freePorts } from './ports.ts';
import { findTool } from './tools.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const START_TIMEOUT_MS = 60_000;
/** Longer than the product needs to finish a running take of the longest limit. */
const STOP_TIMEOUT_MS = 90_000;
const POLL_MS = 50;
const MAIL_TIMEOUT_MS = 10_000;
/** Ports for the workers' transports, and as many for recorders. */
const RANGE = 100;

export interface TestServer {
  /** The public origin. */
  readonly url: string;
  readonly dataDir: string;
  /** Finished videos, with folder storage. */
  readonly videosDir: string;
  /** Takes that are not stored yet. */
  readonly takesDir: string;
  /** Every line that the server wrote, over all its starts. */
  readonly logs: readonly string[];
  readonly pid: number;
  /** SIGTERM, then waits for the end. */
  stop(): Promise<void>;
  /** SIGKILL: nothing is finished. */
  kill(): Promise<void>;
  /** Ctrl-C in a terminal: SIGINT to the whole process group. Only where it was started as {@link ServerOptions.job}. */
  interrupt(): void;
  /** Waits until the process has ended by itself. @returns its exit code, null when a signal ended it */
  exited(): Promise<number | null>;
  /** Starts again after {@link stop} or {@link kill}, on the same ports and data. */
  start(): Promise<void>;
  /** The code in the newest mail to an address after `since`. @throws Error when none comes within 10 s */
  codeFor(address: string, since: number): Promise<string>;
  /** Stops the server and removes its data. */
  close(): Promise<void>;
}

export interface ServerOptions {
  /** Settings beyond those that keep it apart from other servers. */
  env?: Record<string, string>;
  /** Starts it as `npm start` does, by the launcher, as a terminal's foreground job: a process group of its own. */
  job?: boolean;
}

/**
 * Starts the product itself, `server/main.ts`, as a process with its own data folder, ports and embedded database.
 * @throws Error with the server's last lines when it is not ready within a minute
 */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  if (!existsSync(join(ROOT, 'web/build/200.html'))) throw new Error('web/ is not built: run "npm test" or vite build');
  const dataDir = await mkdtemp(join(tmpdir(), 'goodtake-server-'));
  const first = await freePorts(2 * RANGE + 10);
  const url = `http://localhost:${first}`;
  const env = {
    ...process.env,
    NODE_ENV: 'production',
    PUBLIC_URL: url,
    PORT: String(first),
    DATA_DIR: dataDir,
    MONGODB_URL: '',
    MONGOD_PATH: findTool('MONGOD_PATH', 'mongod'),
    MONGOD_PORT: String(first + 1),
    MEDIASOUP_WORKER_BIN: findTool('MEDIASOUP_WORKER_BIN', 'mediasoup-worker', 'mediasoup-worker-3.27.1'),
    WORKERS: '1',
    RTC_PORT_MIN: String(first + 2),
    WORKER_PORT_MIN: String(first + 10),
    WORKER_PORT_MAX: String(first + 9 + RANGE),
    RECORDER_PORT_MIN: String(first + 10 + RANGE),
    RECORDER_PORT_MAX: String(first + 9 + 2 * RANGE),
    ...options.env,
  };
  const logs: string[] = [];
  let child: ChildProcess | null = null;
  let ended: Promise<unknown> = Promise.resolve();
  const { job = false } = options;
  const program = job ? 'test/fixtures/launcher.mjs' : 'server/main.ts';

  async function start(): Promise<void> {
    const started = spawn(process.execPath, [program], {
      ...{ cwd: ROOT, env, detached: job },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    ended = once(started, 'close');
    for (const stream of [started.stdout, started.stderr]) {
      createInterface({ input: stream }).on('line', (line) => logs.push(line));
    }
    const until = Date.now() + START_TIMEOUT_MS;
    while (!(await isReady(url))) {
      const failed = started.exitCode !== null || started.signalCode !== null;
      if (failed || Date.now() > until) {
        started.kill(job ? 'SIGTERM' : 'SIGKILL');
        await ended;
        throw new Error(`the server did not become ready:\n${logs.slice(-30).join('\n')}`);
      }
      await delay(POLL_MS);
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!child) return;
    const timer = setTimeout(() => child?.kill('SIGKILL'), STOP_TIMEOUT_MS);
    child.kill(signal);
    await ended;
    clearTimeout(timer);
    child = null;
  }

  /** By the address that the server has printed last; empty while a server that starts again has not yet. */
  async function readMailbox(): Promise<Mail[]> {
    const address = logs
      .findLast((line) => line.includes('/dev/mailbox/'))
      ?.match(/http\S+\/dev\/mailbox\/[\w-]+/)?.[0];
    if (address === undefined) return [];
    const response = await fetch(`${address}.json`);
    return response.ok ? ((await response.json()) as Mail[]) : [];
  }

  const remove = async () => {
    await endDatabase(dataDir);
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await start();
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    ...{ url, dataDir, logs, start },
    videosDir: join(dataDir, 'videos'),
    takesDir: join(dataDir, 'takes'),
    get pid() {
      if (!child?.pid) throw new Error('the server is not running');
      return child.pid;
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    interrupt() {
      if (!job || !child?.pid) throw new Error('only a running job can be interrupted');
      process.kill(-child.pid, 'SIGINT');
    },
    async exited() {
      await ended;
      return child?.exitCode ?? null;
    },

    async codeFor(address, since) {
      const until = Date.now() + MAIL_TIMEOUT_MS;
      while (Date.now() < until) {
        const mail = (await readMailbox()).find((one) => one.to === address && one.at >= since && one.code !== null);
        if (mail?.code) return mail.code;
        await delay(POLL_MS);
      }
      throw new Error('no mail with a code came');
    },

    async close() {
      await end('SIGTERM');
      await remove();
    },
  };
}

interface Mail {
  to: string;
  at: number;
  code: string | null;
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`).then(
    (response) => response.ok,
    () => false,
  );
}

/** Ends the database that a server killed for good left behind. */
async function endDatabase(dataDir: string): Promise<void> {
  for (const entry of await readdir(dataDir, { withFileTypes: true })) {
    if (entry.isDirectory()) await endStaleMongod(join(dataDir, entry.name), () => undefined);
  }
}
