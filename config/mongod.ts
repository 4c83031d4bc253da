import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { endStaleMongod } from './mongod-stale.ts';
import { ensureReplicaSet, REPLICA_SET } from './replica-set.ts';

export interface MongodOptions {
  /** Path of the mongod binary. */
  binary: string;
  /** Folder of the database files, made when missing; it may be kept from an earlier run, whatever its port was. */
  dbPath: string;
  /** On 127.0.0.1; 0 takes a free one. */
  port: number;
  /** Called with what an operator may want to read: a process left over that was ended, an end that was not asked for. */
  log?: (message: string) => void;
}

export interface Mongod {
  /** Connection string of the database `goodtake`. */
  readonly url: string;
  readonly pid: number;
  /** Settles when the process has ended, whether asked to or not. */
  readonly exited: Promise<void>;
  /** Ends the process cleanly. Calling it again waits for the same end. */
  close(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 20_000;
const OUTPUT_LINES_KEPT = 20;

/**
 * Runs a real mongod as a replica set of one, which transactions and change streams need, and waits until it takes
 * writes. A mongod of ours that a killed parent left on the same folder is ended first.
 * @throws Error with mongod's last words when it cannot start
 */
export async function startMongod({ binary, dbPath, port, log = () => undefined }: MongodOptions): Promise<Mongod> {
  await mkdir(dbPath, { recursive: true, mode: 0o700 });
  await endStaleMongod(dbPath, log);
  const chosen = port === 0 ? await findFreePort() : port;
  const child = spawn(binary, mongodArguments(dbPath, chosen), { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const output = keepLastLines(child);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  let closing = false;
  let failure: Error | undefined;
  child.on('error', (error) => (failure = error));
  // Who leaves without closing it must not leave it behind: it then ends by itself, as cleanly as when it is waited for.
  const abandon = () => void child.kill('SIGTERM');
  process.once('exit', abandon);
  void exited.then(() => {
    process.off('exit', abandon);
    if (!closing) log('the embedded database ended by itself');
  });

  const close = async () => {
    closing = true;
    if (child.exitCode === null && child.signalCode === null) await endChild(child, exited);
  };
  const gaveUp = new AbortController();
  try {
    await Promise.race([
      exited.then(() => {
        throw failure ?? new Error('mongod ended');
      }),
      ready(child, chosen, gaveUp.signal),
      delay(READY_TIMEOUT_MS, undefined, { signal: gaveUp.signal }).then(() => {
        throw new Error(`mongod was not ready within ${READY_TIMEOUT_MS} ms`);
      }),
    ]);
  } catch (cause) {
    await close();
    throw new Error(`The embedded database could not start (${binary}): ${output.join('\n') || String(cause)}`, {
      cause,
    });
  } finally {
    gaveUp.abort();
  }
  const url = `mongodb://127.0.0.1:${chosen}/goodtake?replicaSet=${REPLICA_SET}`;
  return { url, pid: child.pid ?? 0, exited, close };
}

async function ready(child: ChildProcess, port: number, signal: AbortSignal): Promise<void> {
  await once(child, 'spawn', { signal });
  await ensureReplicaSet(port, child.pid ?? 0, signal);
}

function mongodArguments(dbPath: string, port: number): string[] {
  return [
    ...['--dbpath', dbPath, '--port', String(port), '--bind_ip', '127.0.0.1', '--replSet', REPLICA_SET],
    // The default, half of the machine's memory, is for a database alone on it.
    ...['--wiredTigerCacheSizeGB', '0.5', '--oplogSize', '256', '--quiet', '--nounixsocket'],
    ...['--setParameter', 'diagnosticDataCollectionEnabled=false'],
  ];
}

async function endChild(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}

/** mongod says on its standard output why it could not start; the rest of it is of no interest. */
function keepLastLines(child: ChildProcess): string[] {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      for (const line of chunk.split('\n')) if (/"s":"[EF]"|^[^{]/.test(line)) lines.push(line.slice(0, 500));
      lines.splice(0, lines.length - OUTPUT_LINES_KEPT);
    });
  }
  return lines;
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
