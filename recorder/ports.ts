import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { AppError } from '#protocol/errors.ts';

/** RTP ports are even and their RTCP port is the next one (RFC 3550, section 11); ffmpeg knows no other way. */
const PORTS_PER_PAIR = 2;
const LOOPBACK = '127.0.0.1';

/** Hands out pairs of UDP ports on 127.0.0.1, never one twice at the same time. */
export interface PortPool {
  /**
   * Reserves pairs that nobody on this machine uses now.
   * @returns the even, first port of each pair
   * @throws AppError `busy` when the range is used up
   */
  take(pairs: number): Promise<number[]>;
  /** Gives pairs back; harmless for those that were given back already. */
  release(ports: readonly number[]): void;
  /** The number of pairs that are out. */
  readonly taken: number;
}

/** @param range both ends included */
export function createPortPool(range: { min: number; max: number }): PortPool {
  const first = range.min + (range.min % 2);
  const pairsInRange = Math.max(0, Math.floor((range.max - first + 1) / PORTS_PER_PAIR));
  const out = new Set<number>();
  // Goes round, so that late packets of an ended take do not reach the next one.
  let next = 0;

  async function takeOne(): Promise<number | null> {
    for (let tried = 0; tried < pairsInRange; tried += 1) {
      const port = first + next * PORTS_PER_PAIR;
      next = (next + 1) % pairsInRange;
      if (out.has(port)) continue;
      out.add(port);
      if ((await isFree(port)) && (await isFree(port + 1))) return port;
      out.delete(port);
    }
    return null;
  }

  const release = (ports: readonly number[]) => ports.forEach((port) => out.delete(port));
  return {
    async take(pairs) {
      const ports: number[] = [];
      while (ports.length < pairs) {
        const port = await takeOne();
        if (port === null) {
          release(ports);
          throw new AppError('busy', 'Too many takes are being recorded at the moment.');
        }
        ports.push(port);
      }
      return ports;
    },
    release,
    get taken() {
      return out.size;
    },
  };
}

async function isFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.bind(port, LOOPBACK);
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}
