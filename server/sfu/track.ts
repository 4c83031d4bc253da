import type { Producer, ProducerTraceEventData } from 'mediasoup/types';
import type { SenderReport } from '#recorder/source.ts';

/** What a sender report says, whichever SSRC its stream has on the recorder's side. */
export type SenderInstant = Omit<SenderReport, 'ssrc'>;

/** A producer, and what is known of when its packets play. */
export interface Track {
  readonly producer: Producer;
  /** What the newest sender report says; null until the first has come, which may take seconds. */
  senderInstant(): SenderInstant | null;
  /**
   * When the packets that came before the first report were received, by the worker's clock: the least delayed of them
   * counts. Null before the first packet. Comparable only with other tracks of the same worker.
   */
  arrivalInstant(): SenderInstant | null;
  /** Whether a packet comes within `timeoutMs`: a producer may be there and send nothing. Resolves with the first. */
  nextPacket(timeoutMs: number): Promise<boolean>;
  /** The same for a packet that is a picture's last. */
  pictureEnd(timeoutMs: number): Promise<boolean>;
}

const NTP_FRACTION = 2 ** 32;
const MS_PER_S = 1_000;

/** Follows a producer's sender reports for as long as it lives, and its packets until the first report. */
export async function trackOf(producer: Producer): Promise<Track> {
  const clockRate = producer.rtpParameters.codecs[0]?.clockRate ?? 0;
  let newest: SenderInstant | null = null;
  let earliest: Arrival | null = null;
  const waiting = new Set<{ marked: boolean; resolve: (came: boolean) => void }>();
  /** A packet each few milliseconds is only told while somebody needs it. A closed producer tells none at all. */
  const trace = () => {
    const packets = newest === null || waiting.size > 0;
    return producer.enableTraceEvent(packets ? ['sr', 'rtp'] : ['sr']);
  };
  const traceLater = () => void trace().catch(() => undefined);

  producer.on('trace', (event) => {
    if (event.type === 'sr') {
      const reported = reportOf(event);
      if (!reported) return;
      const first = newest === null;
      newest = reported;
      if (first) traceLater();
    } else if (event.type === 'rtp') {
      const packet = packetOf(event);
      if (!packet) return;
      for (const { marked, resolve } of waiting) if (packet.marker || !marked) resolve(true);
      if (!newest && (!earliest || delayMs(packet, earliest, clockRate) < 0)) earliest = packet;
    }
  });
  async function packet({ marked, timeoutMs }: { marked: boolean; timeoutMs: number }): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiter = { marked, resolve };
    waiting.add(waiter);
    const timer = setTimeout(() => resolve(false), timeoutMs);
    traceLater();
    const came = await promise;
    clearTimeout(timer);
    waiting.delete(waiter);
    traceLater();
    return came;
  }

  await trace();
  return {
    producer,
    senderInstant: () => newest,
    arrivalInstant: () => earliest && instantOf(earliest),
    nextPacket: (timeoutMs) => packet({ marked: false, timeoutMs }),
    pictureEnd: (timeoutMs) => packet({ marked: true, timeoutMs }),
  };
}

/** A packet's arrival, in milliseconds of the worker's clock. */
interface Arrival {
  atMs: number;
  rtpTimestamp: number;
}

function reportOf({ info }: ProducerTraceEventData): SenderInstant | null {
  const { ntpSec, ntpFrac, rtpTs } = info;
  if (typeof ntpSec !== 'number' || typeof ntpFrac !== 'number' || typeof rtpTs !== 'number') return null;
  return { ntpSeconds: ntpSec, ntpFraction: ntpFrac, rtpTimestamp: rtpTs };
}

/** The marker bit is set on a picture's last packet (RFC 6184, section 5.1; RFC 7741, section 4.1). */
function packetOf({ timestamp, info }: ProducerTraceEventData): (Arrival & { marker: boolean }) | null {
  const packet: unknown = info['rtpPacket'];
  if (typeof packet !== 'object' || packet === null || !('timestamp' in packet) || !('marker' in packet)) return null;
  const { timestamp: rtpTimestamp, marker } = packet;
  return typeof rtpTimestamp === 'number' ? { atMs: timestamp, rtpTimestamp, marker: marker === true } : null;
}

/** How much later the packet came, in relation to its timestamp, than another one; 32 bits of it wrap around. */
export function delayMs(arrival: Arrival, reference: Arrival, clockRate: number): number {
  const ticks = (arrival.rtpTimestamp - reference.rtpTimestamp) | 0;
  return arrival.atMs - reference.atMs - (ticks / clockRate) * MS_PER_S;
}

/** A worker's clock does not begin in 1900; only differences between streams are used. */
function instantOf({ atMs, rtpTimestamp }: Arrival): SenderInstant {
  return {
    ntpSeconds: Math.floor(atMs / MS_PER_S),
    ntpFraction: Math.floor(((atMs % MS_PER_S) / MS_PER_S) * NTP_FRACTION),
    rtpTimestamp,
  };
}
