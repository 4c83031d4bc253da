import type { FileHandle } from 'node:fs/promises';
import type { CaptureContainer } from './args.ts';
import { clusterHasTrack, readElement, SEGMENT, CLUSTER } from './fragments-webm.ts';

/** The recorder maps the picture first, and both muxers count tracks from 1. */
const VIDEO_TRACK = 1;
const BOX_HEADER_BYTES = 16;
/** A moof of a tenth of a second has some hundred bytes; a cluster is as large as its media. */
const MAX_PARSED_BYTES = 16 * 1024 * 1024;

/** Looks at a growing capture again and again; it remembers how far it has come. */
export interface FragmentReader {
  /** Whether the file holds a whole fragment with a picture by now. Once true, always true. */
  hasPicture(): Promise<boolean>;
}

/** @param file open for reading; it stays the caller's to close */
export function createFragmentReader(file: FileHandle, container: CaptureContainer): FragmentReader {
  const step = container === 'mp4' ? mp4Step : webmStep;
  let offset = 0;
  let found = false;
  return {
    async hasPicture() {
      const { size } = await file.stat();
      while (!found) {
        const result = await step(file, offset, size);
        if (result === 'incomplete') break;
        found = result.picture;
        offset = result.next;
      }
      return found;
    },
  };
}

type Step = { next: number; picture: boolean } | 'incomplete';

/** One top-level box; a moof is passed together with the mdat behind it. */
async function mp4Step(file: FileHandle, offset: number, size: number): Promise<Step> {
  const box = await readBox(file, offset, size);
  if (!box || box.end > size) return 'incomplete';
  if (box.type !== 'moof') return { next: box.end, picture: false };
  const data = await readBox(file, box.end, size);
  if (!data || data.end > size) return 'incomplete';
  const picture = data.type === 'mdat' && moofHasTrack(await readPart(file, offset, box.end), VIDEO_TRACK);
  return { next: data.end, picture };
}

async function readBox(file: FileHandle, offset: number, size: number): Promise<{ type: string; end: number } | null> {
  const header = await readPart(file, offset, Math.min(size, offset + BOX_HEADER_BYTES));
  if (header.length < 8) return null;
  const small = header.readUInt32BE(0);
  if (small === 1 && header.length < BOX_HEADER_BYTES) return null;
  const bytes = small === 1 ? Number(header.readBigUInt64BE(8)) : small;
  // ffmpeg writes a box's size last: 0 is one that it has just begun.
  return bytes < 8 ? null : { type: header.toString('latin1', 4, 8), end: offset + bytes };
}

/** Whether a `moof` box says that samples of a track follow (ISO/IEC 14496-12, sections 8.8.4 to 8.8.8). */
export function moofHasTrack(moof: Buffer, track: number): boolean {
  return boxesIn(moof, 8, moof.length).some(({ type, start, end }) => {
    if (type !== 'traf') return false;
    const inside = boxesIn(moof, start, end);
    const header = inside.find((box) => box.type === 'tfhd');
    if (!header || header.end - header.start < 8 || moof.readUInt32BE(header.start + 4) !== track) return false;
    return inside.some(
      (box) => box.type === 'trun' && box.end - box.start >= 8 && moof.readUInt32BE(box.start + 4) > 0,
    );
  });
}

function boxesIn(buffer: Buffer, start: number, end: number): { type: string; start: number; end: number }[] {
  const boxes = [];
  for (let at = start; at + 8 <= end;) {
    const bytes = buffer.readUInt32BE(at);
    if (bytes < 8 || at + bytes > end) break;
    boxes.push({ type: buffer.toString('latin1', at + 4, at + 8), start: at + 8, end: at + bytes });
    at += bytes;
  }
  return boxes;
}

/** One element; the segment is entered, as its size is only known at the end. */
async function webmStep(file: FileHandle, offset: number, size: number): Promise<Step> {
  const header = readElement(await readPart(file, offset, Math.min(size, offset + BOX_HEADER_BYTES)), 0);
  if (!header) return 'incomplete';
  const start = offset + header.headerBytes;
  if (header.id === SEGMENT) return { next: start, picture: false };
  if (header.bytes === null || start + header.bytes > size) return 'incomplete';
  const next = start + header.bytes;
  if (header.id !== CLUSTER) return { next, picture: false };
  return { next, picture: clusterHasTrack(await readPart(file, start, next), VIDEO_TRACK) };
}

async function readPart(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const wanted = Math.min(MAX_PARSED_BYTES, Math.max(0, end - start));
  const { buffer, bytesRead } = await file.read(Buffer.alloc(wanted), 0, wanted, start);
  return buffer.subarray(0, bytesRead);
}
