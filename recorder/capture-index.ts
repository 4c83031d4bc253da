import type { FileHandle } from 'node:fs/promises';
import type { CaptureContainer } from './args.ts';
import type { Fragment, FragmentParser, Piece } from './capture-fragment.ts';
import { createMp4Parser } from './capture-mp4.ts';
import { createWebmParser } from './capture-webm.ts';

/** One stream of a capture so far. */
export interface StreamIndex {
  packets: number;
  startMs: number;
  endMs: number;
}

/** What a growing capture holds, by its own packets: taken in once, from the page cache, without a decoder. */
export interface CaptureIndex {
  /** From its first key frame on; null before. */
  readonly video: StreamIndex | null;
  readonly audio: StreamIndex | null;
  readonly size: { width: number; height: number } | null;
  /** How many bytes of the file were understood. */
  readonly bytes: number;
  /** Takes in what was added to the file. Calls must not overlap. @throws Error of the file system */
  update(): Promise<void>;
}

const CHUNK_BYTES = 256 * 1024;
/** The largest piece that is read as a whole; a fragment or cluster of 40 ms has some ten kilobytes. */
const MAX_PIECE_BYTES = 16 * 1024 * 1024;

/** @param file open for reading; it stays the caller's to close */
export function createCaptureIndex(file: FileHandle, container: CaptureContainer): CaptureIndex {
  const parser = container === 'mp4' ? createMp4Parser() : createWebmParser();
  const streams: { video: StreamIndex | null; audio: StreamIndex | null } = { video: null, audio: null };
  let offset = 0;

  function add({ kind, packets, startMs, endMs, beginsWithKeyFrame }: Fragment): void {
    const stream = streams[kind];
    if (stream) {
      stream.packets += packets;
      stream.startMs = Math.min(stream.startMs, startMs);
      stream.endMs = Math.max(stream.endMs, endMs);
    } else if (beginsWithKeyFrame) {
      streams[kind] = { packets, startMs, endMs };
    }
  }

  return {
    get video() {
      return streams.video;
    },
    get audio() {
      return streams.audio;
    },
    get size() {
      return parser.size;
    },
    get bytes() {
      return offset;
    },
    async update() {
      const { size } = await file.stat();
      let chunkBytes = CHUNK_BYTES;
      while (offset < size) {
        const wanted = Math.min(chunkBytes, size - offset);
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, offset);
        const { bytes, fragments } = takePieces(parser, buffer.subarray(0, bytesRead));
        // What is passed over must be there: a piece that is cut off at the file's end is not understood.
        if (bytes > 0 && offset + bytes <= size) {
          offset += bytes;
          fragments.forEach(add);
          chunkBytes = CHUNK_BYTES;
        } else if (bytes === 0 && bytesRead === chunkBytes && chunkBytes < MAX_PIECE_BYTES) {
          chunkBytes *= 2;
        } else {
          return;
        }
      }
    },
  };
}

/** Takes in the pieces that are in the buffer as a whole; one that is larger than it is taken in, or passed over, alone. */
function takePieces(parser: FragmentParser, buffer: Buffer): Piece {
  let bytes = 0;
  const fragments: Fragment[] = [];
  while (bytes < buffer.length) {
    const piece = parser.takePiece(buffer, bytes);
    if (!piece || (bytes > 0 && bytes + piece.bytes > buffer.length)) break;
    bytes += piece.bytes;
    fragments.push(...piece.fragments);
  }
  return { bytes, fragments };
}
