import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { SenderReport } from './source.ts';
import { createSrtcpProtector, type SrtcpProtector } from './srtcp.ts';

const LOOPBACK = '127.0.0.1';
/** RTCP packet types (RFC 3550, section 12.1), after version 2 in the first byte. */
const SENDER_REPORT = 200;
const BYE = 203;
const VERSION = 0x80;
const BYE_REASON = 'end';
const NTP_FRACTION = 2 ** 32;

/** A stream's RTP port of ffmpeg, and what its packets are protected with, if they are. */
export interface RtcpTarget {
  port: number;
  srtpKey: string | undefined;
}

/**
 * What the recorder itself says to ffmpeg. It is sent to the RTP ports, where ffmpeg takes RTCP too: in one queue
 * with the media, a report is read before and a BYE after every packet of them.
 */
export interface CaptureRtcp {
  /** A port for the RTCP that the SFU makes up by itself; nobody reads it, see {@link openCaptureRtcp}. */
  readonly sinkPort: number;
  sendReport(to: RtcpTarget, report: SenderReport): Promise<void>;
  /** ffmpeg ends when each of its streams had a BYE. */
  sendBye(to: RtcpTarget, ssrc: number): Promise<void>;
  close(): void;
}

/**
 * Opens the socket that sends RTCP to ffmpeg. It also swallows the SFU's reports: they put the SFU's clock in the place
 * of the sender's, so that ffmpeg's timeline would jump by the difference in the middle of the take.
 * @throws Error when no socket can be opened
 */
export async function openCaptureRtcp(): Promise<CaptureRtcp> {
  const socket = createSocket('udp4');
  // Nobody listening on a port is no news: the process ended.
  socket.on('error', () => undefined);
  socket.bind(0, LOOPBACK);
  await once(socket, 'listening');
  const sinkPort = socket.address().port;
  let open = true;
  /** By port, as each stream has a key of its own. */
  const protectors = new Map<number, SrtcpProtector>();
  const protect = ({ port, srtpKey }: RtcpTarget, packet: Buffer) => {
    if (srtpKey === undefined) return packet;
    const protector = protectors.get(port) ?? createSrtcpProtector(srtpKey);
    protectors.set(port, protector);
    return protector(packet);
  };
  const send = (to: RtcpTarget, packet: Buffer) =>
    open ? sendTo(socket, to.port, protect(to, packet)) : Promise.resolve();
  return {
    sinkPort,
    sendReport: (to, report) => send(to, senderReportPacket(report)),
    sendBye: (to, ssrc) => send(to, byePacket(ssrc)),
    close() {
      if (!open) return;
      open = false;
      socket.close();
    },
  };
}

const sendTo = (socket: Socket, port: number, packet: Buffer) =>
  new Promise<void>((resolve) => {
    socket.send(packet, port, LOOPBACK, () => resolve());
  });

/** A sender report without report blocks (RFC 3550, section 6.4.1). */
export function senderReportPacket(report: SenderReport): Buffer {
  const packet = header(SENDER_REPORT, 0, report.ssrc, 28);
  packet.writeUInt32BE(report.ntpSeconds, 8);
  packet.writeUInt32BE(report.ntpFraction, 12);
  packet.writeUInt32BE(report.rtpTimestamp, 16);
  return packet;
}

/** RFC 3550, section 6.6. It gives a reason, as ffmpeg passes over packets that are shorter than an RTP header. */
export function byePacket(ssrc: number): Buffer {
  const packet = header(BYE, 1, ssrc, 12);
  packet.writeUInt8(BYE_REASON.length, 8);
  packet.write(BYE_REASON, 9, 'latin1');
  return packet;
}

function header(type: number, count: number, ssrc: number, bytes: number): Buffer {
  const packet = Buffer.alloc(bytes);
  packet.writeUInt8(VERSION | count, 0);
  packet.writeUInt8(type, 1);
  packet.writeUInt16BE(bytes / 4 - 1, 2);
  packet.writeUInt32BE(ssrc, 4);
  return packet;
}

/**
 * Moves reports of several streams to the newest one's instant, so that ffmpeg's timeline begins there for all.
 * @param clockRates in Hz by SSRC
 */
export function alignReports(
  reports: readonly SenderReport[],
  clockRates: ReadonlyMap<number, number>,
): SenderReport[] {
  const seconds = (report: SenderReport) => report.ntpSeconds + report.ntpFraction / NTP_FRACTION;
  const newest = reports.reduce<SenderReport | null>(
    (best, report) => (best && seconds(best) >= seconds(report) ? best : report),
    null,
  );
  if (!newest) return [];
  const { ntpSeconds, ntpFraction } = newest;
  return reports.map((report) => {
    // Whole seconds and fractions apart: together they have more bits than a number holds.
    const later = ntpSeconds - report.ntpSeconds + (ntpFraction - report.ntpFraction) / NTP_FRACTION;
    const ticks = Math.round(later * (clockRates.get(report.ssrc) ?? 0));
    const rtpTimestamp = (((report.rtpTimestamp + ticks) % NTP_FRACTION) + NTP_FRACTION) % NTP_FRACTION;
    return { ssrc: report.ssrc, ntpSeconds, ntpFraction, rtpTimestamp };
  });
}
