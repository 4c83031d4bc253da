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
}

const NTP_FRACTION = 2 ** 32;
const MS_PER_S = 1_000;

/** Follows a producer's sender reports for as long as it lives, and its packets until the first report. */
export async function trackOf(producer: Producer): Promise<Track> {
  const clockRate = producer.rtpParameters.codecs[0]?.clockRate ?? 0;
  let newest: SenderInstant | null = null;
  let earliest: Arrival | null = null;
  producer.on('trace', (trace) => {
    if (trace.type === 'sr') {
      const reported = reportOf(trace);
      if (!reported) return;
      // From now on a packet each 10 ms need not be told any more. A producer that was closed meanwhile tells none.
      if (!newest) void producer.enableTraceEvent(['sr']).catch(() => undefined);
      newest = reported;
    } else if (trace.type === 'rtp' && !newest) {
      const arrival = arrivalOf(trace);
      if (arrival && (!earliest || delayMs(arrival, earliest, clockRate) < 0)) earliest = arrival;
    }
  });
  await producer.enableTraceEvent(['sr', 'rtp']);
  return {
    producer,
    senderInstant: () => newest,
    arrivalInstant: () => earliest && instantOf(earliest),
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

function arrivalOf({ timestamp, info }: ProducerTraceEventData): Arrival | null {
  const packet: unknown = info['rtpPacket'];
  if (typeof packet !== 'object' || packet === null || !('timestamp' in packet)) return null;
  return typeof packet.timestamp === 'number' ? { atMs: timestamp, rtpTimestamp: packet.timestamp } : null;
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
