import { Device, type types } from 'mediasoup-client';
import * as fakeParameters from 'mediasoup-client/fakeParameters';
import { FakeHandler } from 'mediasoup-client/handlers/FakeHandler';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RequestName } from '#protocol/events.ts';
import { ApiError } from '../api-error.ts';
import type { SendRequest } from '../session/connection.ts';
import { FakeTrack } from './fake-track.ts';
import { Publisher, type PublisherState } from './publisher.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

type Refusal = ApiError['code'];

/** A publisher on a fake browser and a fake server; `refusals` says which requests fail now. */
function setUp() {
  const handlers: FakeHandler[] = [];
  const requests: RequestName[] = [];
  const refusals = new Map<RequestName, Refusal>();
  const states: PublisherState[] = [];
  const build = FakeHandler.createFactory(fakeParameters);
  const handlerFactory: types.HandlerFactory = {
    ...build,
    factory: (options) => {
      const handler = build.factory(options);
      if (handler instanceof FakeHandler) handlers.push(handler);
      return handler;
    },
  };
  const offer = fakeParameters.generateTransportRemoteParameters();
  const answers: Partial<Record<RequestName, unknown>> = {
    'transport:create': offer,
    'transport:connect': {},
    'transport:restart-ice': { iceParameters: offer.iceParameters },
  };
  let producers = 0;
  const request = (async (name: RequestName) => {
    requests.push(name);
    const code = refusals.get(name);
    if (code) throw new ApiError({ code, message: 'refused' });
    return name === 'producer:create' ? { id: `producer${String((producers += 1))}` } : answers[name];
  }) as SendRequest;
  const publisher = new Publisher({
    request,
    onState: (state) => states.push(state),
    createDevice: () => new Device({ handlerFactory }),
  });
  const tracks = [new FakeTrack('video'), new FakeTrack('audio')] as unknown as MediaStreamTrack[];
  const connect = (state: types.ConnectionState) => handlers.at(-1)?.setConnectionState(state);
  return { publisher, tracks, handlers, requests, refusals, states, connect };
}

async function startSending() {
  const all = setUp();
  await all.publisher.start({
    rtpCapabilities: fakeParameters.generateRouterRtpCapabilities(),
    iceServers: [],
    tracks: all.tracks,
  });
  all.connect('connected');
  expect(all.publisher.state).toBe('sending');
  all.requests.length = 0;
  return all;
}

const transports = (requests: RequestName[]) => requests.filter((name) => name === 'transport:create').length;

test('a change of network keeps the transport, on which a take is recorded', async () => {
  const { publisher, handlers, requests, refusals, connect } = await startSending();
  // Media and signalling go together; signalling is back ten seconds later.
  refusals.set('transport:restart-ice', 'offline');
  connect('disconnected');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(publisher.state).toBe('interrupted');
  connect('failed');
  refusals.clear();
  expect(await publisher.keep()).toBe(true);
  expect(publisher.state).toBe('interrupted');
  connect('connected');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(publisher.state).toBe('sending');
  expect(handlers).toHaveLength(1);
  expect(transports(requests)).toBe(0);
});

test('a server that has not let the page in again has not lost the transport', async () => {
  const { publisher, handlers, refusals, connect } = await startSending();
  refusals.set('transport:restart-ice', 'not_joined');
  connect('disconnected');
  await vi.advanceTimersByTimeAsync(3_000);
  refusals.clear();
  expect(await publisher.keep()).toBe(true);
  connect('connected');
  expect(publisher.state).toBe('sending');
  expect(handlers).toHaveLength(1);
});

test('a transport that the server has lost is made anew', async () => {
  const { publisher, handlers, refusals, connect } = await startSending();
  refusals.set('transport:restart-ice', 'media_missing');
  connect('disconnected');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(handlers).toHaveLength(2);
  connect('connected');
  await vi.advanceTimersByTimeAsync(0);
  expect(publisher.state).toBe('sending');
});

test('where the restarted path does not connect, everything is made anew', async () => {
  const { handlers, requests, connect } = await startSending();
  connect('disconnected');
  await vi.advanceTimersByTimeAsync(1_500);
  expect(requests).toEqual(['transport:restart-ice']);
  expect(handlers).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(transports(requests)).toBe(1);
  expect(handlers).toHaveLength(2);
});

test('nothing is kept that was never complete', async () => {
  const { publisher, tracks, refusals } = setUp();
  refusals.set('producer:create', 'unavailable');
  await publisher.start({
    rtpCapabilities: fakeParameters.generateRouterRtpCapabilities(),
    iceServers: [],
    tracks,
  });
  expect(publisher.state).toBe('interrupted');
  expect(await publisher.keep()).toBe(false);
  publisher.stop();
});

test('another track that the closed connection cannot take is sent by the next one', async () => {
  const { publisher, handlers } = await startSending();
  const sent = vi.spyOn(FakeHandler.prototype, 'send');
  const fresh = new FakeTrack('audio') as unknown as MediaStreamTrack;
  const replaced = publisher.replaceTrack(fresh);
  publisher.restart();
  await expect(replaced).resolves.toBeUndefined();
  await vi.advanceTimersByTimeAsync(0);
  expect(handlers).toHaveLength(2);
  expect(sent.mock.calls.map(([{ track }]) => track)).toContain(fresh);
  sent.mockRestore();
});
