import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { AppError, type ErrorCode } from '#protocol/errors.ts';
import type { RtpSource } from '#recorder/source.ts';
import { createRooms, type Rooms } from '#server/sfu/rooms.ts';
import type { Workers } from '#server/sfu/workers.ts';
import { freePorts } from '#test/support/ports.ts';
import { FINGERPRINT, h264Track, log, opusTrack, startWorkers } from './sfu-harness.ts';

const SESSION = '0123456789abcdef01234567';
const ROUNDS = 200;

/** Nobody sends anything here. */
const NO_WAIT_MS = 1;

async function startRooms(options: { count?: number } = {}): Promise<{ workers: Workers; rooms: Rooms }> {
  const workers = await startWorkers(options);
  return { workers, rooms: createRooms({ workers, log, firstPacketTimeoutMs: NO_WAIT_MS }) };
}

async function expectRefusal(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).code).toBe(code);
}

const lossOf = (source: RtpSource) => new Promise<string>((resolve) => source.onLost(resolve));

test('a browser is offered UDP and TCP on the one port, and asked to turn its own frames', async () => {
  const { rooms } = await startRooms();
  const room = await rooms.open(SESSION);

  const { iceCandidates, dtlsParameters } = await room.createTransport();
  expect(iceCandidates.map(({ protocol }) => protocol)).toEqual(['udp', 'tcp']);
  expect(new Set(iceCandidates.map(({ port }) => port)).size).toBe(1);
  expect(dtlsParameters.fingerprints.length).toBeGreaterThan(0);

  const capabilities = JSON.stringify(room.rtpCapabilities);
  expect(capabilities).not.toContain('urn:3gpp:video-orientation');
  for (const mimeType of ['audio/opus', 'video/H264', 'video/VP8']) expect(capabilities).toContain(mimeType);
});

test('calls in the wrong order are refused and change nothing', async () => {
  const { rooms } = await startRooms();
  await expectRefusal(rooms.recordingSource(SESSION), 'media_missing');
  const room = await rooms.open(SESSION);

  await expectRefusal(room.connectTransport({ fingerprints: [FINGERPRINT] }), 'media_missing');
  await expectRefusal(room.restartIce(), 'media_missing');
  await expectRefusal(room.produce({ kind: 'video', rtpParameters: h264Track(1) }), 'media_missing');
  await expectRefusal(room.closeProducer('nobody'), 'media_missing');
  await expectRefusal(room.recordingSource(), 'media_missing');

  await room.createTransport();
  await expectRefusal(room.recordingSource(), 'media_missing');
  await expectRefusal(room.closeProducer('nobody'), 'media_missing');
  await room.connectTransport({ role: 'client', fingerprints: [FINGERPRINT] });
  await expectRefusal(room.connectTransport({ fingerprints: [FINGERPRINT] }), 'wrong_state');
  expect(room.hasMedia).toBe(false);

  await room.produce({ kind: 'audio', rtpParameters: opusTrack(2) });
  await expectRefusal(room.recordingSource(), 'media_missing');
  expect(room.hasMedia).toBe(false);

  room.close();
  room.close();
  await expectRefusal(room.createTransport(), 'not_joined');
});

test('what cannot be recorded is refused by name', async () => {
  const { rooms } = await startRooms();
  const room = await rooms.open(SESSION);
  await room.createTransport();
  const video = h264Track(1);

  const av1 = { ...video, codecs: [{ mimeType: 'video/AV1', payloadType: 45, clockRate: 90_000 }] };
  await expectRefusal(room.produce({ kind: 'video', rtpParameters: av1 }), 'media_unsupported');
  const twisted = { ...video, codecs: [{ mimeType: 'audio-H264', payloadType: 45, clockRate: 90_000 }] };
  await expectRefusal(room.produce({ kind: 'video', rtpParameters: twisted }), 'bad_request');
  await expectRefusal(
    room.produce({ kind: 'video', rtpParameters: { codecs: video.codecs, encodings: [{}] } }),
    'bad_request',
  );

  await room.produce({ kind: 'video', rtpParameters: video });
  expect(room.hasMedia).toBe(true);
});

test('a newer track or transport takes the place of the older one', async () => {
  const { workers, rooms } = await startRooms();
  const room = await rooms.open(SESSION);
  const losses: string[] = [];
  room.onLost((reason) => losses.push(reason));
  await room.createTransport();
  const first = await room.produce({ kind: 'video', rtpParameters: h264Track(1) });
  const source = await room.recordingSource();
  const lost = lossOf(source);

  const second = await room.produce({ kind: 'video', rtpParameters: h264Track(1) });
  expect(second).not.toBe(first);
  expect(await lost).toBe('producer_closed');
  await expectRefusal(source.resume(), 'media_missing');
  await source.pause();
  source.close();

  await Promise.all([room.createTransport(), room.createTransport(), room.createTransport()]);
  expect(room.hasMedia).toBe(false);
  expect((await workers.report()).map(({ webRtcTransports }) => webRtcTransports)).toEqual([1]);
  expect(losses).toEqual([]);

  const third = await room.produce({ kind: 'video', rtpParameters: h264Track(1) });
  await room.closeProducer(third);
  expect(room.hasMedia).toBe(false);
});

test('a source names its streams as the recorder must know them', async () => {
  const { rooms } = await startRooms();
  const room = await rooms.open(SESSION);
  await room.createTransport();
  await room.produce({ kind: 'video', rtpParameters: h264Track(1) });

  const silent = await rooms.recordingSource(SESSION);
  expect(silent.audio).toBeNull();
  silent.close();

  await room.produce({ kind: 'audio', rtpParameters: opusTrack(2) });
  const { video, audio } = await rooms.recordingSource(SESSION);
  expect(video).toMatchObject({ kind: 'video', codec: 'h264', clockRate: 90_000 });
  expect(video.fmtp.split(';')).toContain('packetization-mode=1');
  expect(audio).toMatchObject({ kind: 'audio', codec: 'opus', clockRate: 48_000, channels: 2 });
  expect(audio?.fmtp.split(';')).toContain('useinbandfec=1');
});

test(`${ROUNDS} sessions that came and went leave nothing behind`, async () => {
  const { workers, rooms } = await startRooms({ count: 2 });
  const before = await workers.report();

  const visit = async (index: number) => {
    const session = `session-${index}`;
    const [room, same] = await Promise.all([rooms.open(session), rooms.open(session)]);
    expect(same).toBe(room);
    await room.createTransport();
    await room.createTransport();
    await room.connectTransport({ fingerprints: [FINGERPRINT] });
    await room.produce({ kind: 'video', rtpParameters: h264Track(index + 1) });
    await room.produce({ kind: 'audio', rtpParameters: opusTrack(index + 100_001) });
    const source = await rooms.recordingSource(session);
    await source.connect({ video: { rtp: 9, rtcp: 9 }, audio: { rtp: 9, rtcp: 9 } });
    await source.resume();
    await source.requestKeyFrame();
    await source.pause();
    if (index % 2 === 0) source.close();
    rooms.close(session);
  };
  const parallel = 4;
  for (let index = 0; index < ROUNDS; index += parallel) {
    await Promise.all(Array.from({ length: parallel }, (_, offset) => visit(index + offset)));
  }

  expect(rooms.count).toBe(0);
  expect(await workers.report()).toEqual(before);
});

test('a room that is left while it is made is not kept', async () => {
  const { workers, rooms } = await startRooms();
  const opening = rooms.open(SESSION);
  rooms.closeAll();
  await expectRefusal(opening, 'not_joined');

  const room = await rooms.open(SESSION);
  const creating = room.createTransport();
  rooms.close(SESSION);
  await expectRefusal(creating, 'not_joined');
  expect(await workers.report()).toMatchObject([{ routers: 0, webRtcTransports: 0 }]);
});

test('a take that finds no free port is refused as busy and takes none', async () => {
  const first = await freePorts(3);
  const workers = await startWorkers({ plainPortRange: { min: first, max: first + 2 } });
  const rooms = createRooms({ workers, log, firstPacketTimeoutMs: NO_WAIT_MS });
  const room = await rooms.open(SESSION);
  await room.createTransport();
  const videoId = await room.produce({ kind: 'video', rtpParameters: h264Track(1) });
  const audioId = await room.produce({ kind: 'audio', rtpParameters: opusTrack(2) });
  await expectRefusal(rooms.recordingSource(SESSION), 'busy');

  await room.closeProducer(audioId);
  const source = await rooms.recordingSource(SESSION);
  source.close();
  await room.closeProducer(videoId);
  await expectRefusal(rooms.recordingSource(SESSION), 'media_missing');
});

test('sessions are spread over the workers', async () => {
  const { workers, rooms } = await startRooms({ count: 2 });
  await Promise.all(['a', 'b', 'c', 'd'].map((session) => rooms.open(session)));
  expect((await workers.report()).map(({ routers }) => routers)).toEqual([2, 2]);
});

test('a worker that is killed is replaced, and its room goes on with a new transport', async () => {
  const { workers, rooms } = await startRooms();
  const room = await rooms.open(SESSION);
  await room.createTransport();
  await room.produce({ kind: 'video', rtpParameters: h264Track(1) });
  const sourceLoss = lossOf(await room.recordingSource());
  const losses: string[] = [];
  const roomLoss = new Promise<void>((resolve) => {
    room.onLost((reason) => {
      losses.push(reason);
      resolve();
    });
  });
  const [before] = await workers.report();

  process.kill(before!.pid, 'SIGKILL');
  await Promise.all([roomLoss, sourceLoss]);
  expect(losses).toEqual(['worker_died']);
  expect(room.hasMedia).toBe(false);
  await expectRefusal(room.produce({ kind: 'video', rtpParameters: h264Track(1) }), 'media_missing');

  await expect.poll(async () => (await workers.report()).map(({ pid }) => pid), { timeout: 10_000 }).toHaveLength(1);
  const [after] = await workers.report();
  expect(after!.pid).not.toBe(before!.pid);
  const { iceCandidates } = await room.createTransport();
  expect(iceCandidates.map(({ protocol }) => protocol)).toEqual(['udp', 'tcp']);
  await room.produce({ kind: 'video', rtpParameters: h264Track(1) });
  expect(room.hasMedia).toBe(true);
});

test('a request to stop leaves the workers to the server', async () => {
  const stops = () => process.listenerCount('SIGTERM') + process.listenerCount('SIGINT');
  const before = stops();
  const { workers } = await startRooms({ count: 2 });
  expect(stops()).toBe(before);

  const pids = (await workers.report()).map(({ pid }) => pid);
  await Promise.all([workers.close(), workers.close()]);
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  await expectRefusal(createRooms({ workers, log, firstPacketTimeoutMs: NO_WAIT_MS }).open(SESSION), 'unavailable');
});

test('workers whose port is taken do not start', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('no port');
  try {
    await expect(startWorkers({ rtcPortMin: address.port })).rejects.toThrow();
  } finally {
    server.close();
  }
});
