import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { AppError } from '#protocol/errors.ts';
import type { Replays } from '#recorder/replay.ts';
import type { Storage } from '#recorder/storage/storage.ts';
import type { MediaSource, MediaUrls } from '#server/media-urls.ts';
import { parseRange, type ByteRange } from './range.ts';

export interface MediaOptions {
  urls: MediaUrls;
  storage: Storage;
  /** Where a take's finished capture lies, or a copy of it that plays everywhere, and its media type. */
  replays: Replays;
}

/** Bytes of known length that can be read in parts. `close` frees what `read` has not taken over. */
interface Media {
  bytes: number;
  type: string;
  read(range?: { start: number; end: number }): Promise<Readable>;
  close(): Promise<void>;
}

const tokenParams = z.object({ token: z.string() });
/** A browser that cannot play captures as they are asks for a copy that plays everywhere. */
const playQuery = z.object({ play: z.enum(['as-recorded', 'everywhere']).default('as-recorded') });

/**
 * `GET` and `HEAD /media/:token`: plays the video that a signed address stands for. The address is the permission, as a
 * video element sends no access token.
 */
export function registerMedia(app: FastifyInstance, options: MediaOptions): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/media/:token',
    config: { access: 'public' },
    handler: async (request, reply) => {
      const { token } = tokenParams.parse(request.params);
      const query = playQuery.safeParse(request.query);
      if (!query.success) {
        throw new AppError('bad_request', 'play must be as-recorded or everywhere.', { field: 'play' });
      }
      const everywhere = query.data.play === 'everywhere';
      const media = await openMedia(options.urls.verify(token), { ...options, everywhere });
      if (!media) throw new AppError('not_found', 'This video does not exist any more.');
      return sendMedia(media, request, reply);
    },
  });
}

async function sendMedia(media: Media, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const range: ByteRange =
    request.method === 'GET' ? parseRange(request.headers.range, media.bytes) : { kind: 'whole' };
  reply.headers({ 'cache-control': 'no-store', 'accept-ranges': 'bytes' });
  if (range.kind === 'unsatisfiable') {
    await media.close();
    reply.header('content-range', `bytes */${media.bytes}`);
    return reply.status(416).send();
  }
  const part = range.kind === 'part' ? { start: range.start, end: range.end } : undefined;
  if (part) reply.status(206).header('content-range', `bytes ${part.start}-${part.end}/${media.bytes}`);
  reply.headers({
    'content-type': media.type,
    'content-length': part ? part.end - part.start + 1 : media.bytes,
    'content-disposition': 'inline',
  });
  if (request.method === 'HEAD' || media.bytes === 0) {
    await media.close();
    return reply.send();
  }
  // Fastify destroys the stream when the client goes away.
  return reply.send(await media.read(part));
}

async function openMedia(
  source: MediaSource,
  { storage, replays, everywhere }: MediaOptions & { everywhere: boolean },
): Promise<Media | null> {
  if (source.kind === 'stored') return openStored(source.key, storage);
  const capture = await replays.open({ sessionId: source.sessionId, takeId: source.takeId, everywhere });
  return capture && openFile(capture.file, capture.type);
}

async function openStored(key: string, storage: Storage): Promise<Media | null> {
  const bytes = await storage.size(key);
  if (bytes === null) return null;
  return { bytes, type: 'video/mp4', read: (range) => storage.read(key, range), close: () => Promise.resolve() };
}

/** Opened once, so that length and content are of one file even when it is deleted meanwhile. */
async function openFile(path: string, type: string): Promise<Media | null> {
  const handle = await open(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  if (!handle) return null;
  const { size } = await handle.stat();
  return {
    bytes: size,
    type,
    read: (range) => Promise.resolve(handle.createReadStream(range ?? {})),
    close: () => handle.close(),
  };
}
