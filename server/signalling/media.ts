import type { Replies, RequestBody } from '#protocol/events.ts';
import type { Handlers, MediaName } from './handler.ts';
import type { Room } from './ports.ts';

type MediaCalls = { readonly [N in MediaName]: (room: Room, body: RequestBody<N>) => Promise<Replies[N]> };

const calls: MediaCalls = {
  'transport:create': (room) => room.createTransport(),
  async 'transport:connect'(room, { dtlsParameters }) {
    await room.connectTransport(dtlsParameters);
    return {};
  },
  'transport:restart-ice': async (room) => ({ iceParameters: await room.restartIce() }),
  'producer:create': async (room, { kind, rtpParameters }) => ({ id: await room.produce({ kind, rtpParameters }) }),
  async 'producer:close'(room, { producerId }) {
    await room.closeProducer(producerId);
    return {};
  },
};

function inRoom<N extends MediaName>(name: N): Handlers<N>[N] {
  const call: MediaCalls[N] = calls[name];
  return async (peer, body) => call(peer.joined().room, body);
}

/** The live media of the session that the page has joined. */
export const mediaHandlers: Handlers<MediaName> = {
  'transport:create': inRoom('transport:create'),
  'transport:connect': inRoom('transport:connect'),
  'transport:restart-ice': inRoom('transport:restart-ice'),
  'producer:create': inRoom('producer:create'),
  'producer:close': inRoom('producer:close'),
};
