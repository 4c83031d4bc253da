import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Hosts that a firewall hides do not answer at all: the next source must get its turn soon. */
const CONNECT_TIMEOUT_MS = 8_000;
const STALL_TIMEOUT_MS = 30_000;
const MIB = 1024 * 1024;

/**
 * Whether a host answers within a few seconds, whatever it says.
 * @param {string} url
 * @throws {Error} when it does not
 */
export async function mustAnswer(url) {
  try {
    await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
  } catch (cause) {
    throw new Error(`${new URL(url).host} does not answer`, { cause });
  }
}

/**
 * @param {string} url
 * @returns {Promise<string>}
 * @throws {Error}
 */
export async function downloadText(url) {
  const { response, alive, signal } = await open(url);
  const text = await response.text();
  alive.stop();
  signal.throwIfAborted();
  return text;
}

/**
 * Downloads a file.
 * @param {string} url
 * @param {string} file where to; the caller renames it once it is checked
 * @param {(text: string) => void} progress
 * @returns {Promise<string>} the SHA-256 of what came, in hexadecimal
 * @throws {Error} when the host does not answer, refuses, or stalls
 */
export async function download(url, file, progress) {
  const { response, alive, signal } = await open(url);
  const total = Number(response.headers.get('content-length'));
  const hash = createHash('sha256');
  let done = 0;
  const watch = new Transform({
    transform(/** @type {Buffer} */ chunk, _encoding, next) {
      alive.refresh();
      hash.update(chunk);
      done += chunk.length;
      progress(`${Math.round(done / MIB)} of ${total ? Math.round(total / MIB) : '?'} MiB`);
      next(null, chunk);
    },
  });
  try {
    const body = Readable.fromWeb(/** @type {import('node:stream/web').ReadableStream} */ (response.body));
    await pipeline(body, watch, createWriteStream(file), { signal });
  } finally {
    alive.stop();
  }
  return hash.digest('hex');
}

/** @param {string} url */
async function open(url) {
  const { host } = new URL(url);
  const controller = new AbortController();
  const giveUp = () => controller.abort(new Error(`${host} does not answer`));
  let timer = setTimeout(giveUp, CONNECT_TIMEOUT_MS);
  const alive = {
    refresh() {
      clearTimeout(timer);
      timer = setTimeout(giveUp, STALL_TIMEOUT_MS);
    },
    stop: () => clearTimeout(timer),
  };
  try {
    const response = await fetch(url, { signal: controller.signal });
    if (!response.ok) throw new Error(`${host} answered ${response.status}`);
    alive.refresh();
    return { response, alive, signal: controller.signal };
  } catch (error) {
    alive.stop();
    if (error instanceof TypeError) throw new Error(`${host} cannot be reached`, { cause: error });
    throw error;
  }
}
