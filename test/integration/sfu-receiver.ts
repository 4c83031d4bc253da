import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

/** What has come to a pair of ports so far. */
export interface Receiver {
  ports: { rtp: number; rtcp: number };
  packets: { payloadType: number; ssrc: number; sequence: number; marker: boolean }[];
  reports: { ssrc: number }[];
}

/** Listens on two free ports, as the recorder does, until the test is over. */
export async function receive(): Promise<Receiver> {
  const packets: Receiver['packets'] = [];
  const reports: Receiver['reports'] = [];
  const rtp = await listen((message) => {
    packets.push({
      payloadType: message.readUInt8(1) & 0x7f,
      marker: (message.readUInt8(1) & 0x80) !== 0,
      sequence: message.readUInt16BE(2),
      ssrc: message.readUInt32BE(8),
    });
  });
  const rtcp = await listen((message) => reports.push({ ssrc: message.readUInt32BE(4) }));
  return { ports: { rtp: rtp.address().port, rtcp: rtcp.address().port }, packets, reports };
}

async function listen(onMessage: (message: Buffer) => void): Promise<Socket> {
  const socket = createSocket('udp4', onMessage);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return socket;
}
