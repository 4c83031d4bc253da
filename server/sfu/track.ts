import type { Producer } from 'mediasoup/types';
import type { SenderReport } from '#recorder/source.ts';

/** What a sender report says, whichever SSRC its stream has on the recorder's side. */
export type SenderInstant = Omit<SenderReport, 'ssrc'>;

/** A producer and the newest sender report that it brought. */
export interface Track {
  readonly producer: Producer;
  /** Null until the first has come. */
  senderInstant(): SenderInstant | null;
}

/** Follows a producer's sender reports for as long as it lives. */
export async function trackOf(producer: Producer): Promise<Track> {
  let newest: SenderInstant | null = null;
  producer.on('trace', ({ type, info }) => {
    if (type !== 'sr') return;
    const { ntpSec, ntpFrac, rtpTs } = info;
    if (typeof ntpSec !== 'number' || typeof ntpFrac !== 'number' || typeof rtpTs !== 'number') return;
    newest = { ntpSeconds: ntpSec, ntpFraction: ntpFrac, rtpTimestamp: rtpTs };
  });
  await producer.enableTraceEvent(['sr']);
  return { producer, senderInstant: () => newest };
}
