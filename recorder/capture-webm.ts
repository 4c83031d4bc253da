import type { Fragment, FragmentParser, Piece } from './capture-fragment.ts';

/** EBML identifiers of WebM (RFC 9559, section 5.1). */
const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const TIMESTAMP_SCALE = 0x2ad7b1;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const VIDEO = 0xe0;
const PIXEL_WIDTH = 0xb0;
const PIXEL_HEIGHT = 0xba;
const CLUSTER = 0x1f43b675;
const CLUSTER_TIMESTAMP = 0xe7;
const SIMPLE_BLOCK = 0xa3;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;
const BLOCK_DURATION = 0x9b;
const REFERENCE_BLOCK = 0xfb;

/** The recorder maps the picture first, and the muxer counts tracks from 1. */
const VIDEO_TRACK = 1;
const DEFAULT_TICK_NS = 1_000_000;
const NS_PER_MS = 1_000_000;
const KEY_FRAME_FLAG = 0x80;

interface Element {
  id: number;
  /** Of its content. */
  start: number;
  /** Null while the writer does not know it. */
  end: number | null;
}
type WholeElement = Element & { end: number };

/** Reads WebM as it is written (RFC 9559): the segment is entered, as its size is only known at the end. */
export function createWebmParser(): FragmentParser {
  let tickMs = DEFAULT_TICK_NS / NS_PER_MS;
  let size: FragmentParser['size'] = null;

  function takePiece(buffer: Buffer, at: number): Piece | null {
    const element = elementAt(buffer, at);
    if (!element) return null;
    const { id, start, end } = element;
    if (id === SEGMENT) return { bytes: start - at, fragments: [] };
    if (end === null) return null;
    const read = id === INFO || id === TRACKS || id === CLUSTER;
    if (read && end > buffer.length) return null;
    if (id === INFO)
      tickMs = readUint(buffer, inside(buffer, start, end, TIMESTAMP_SCALE)[0], DEFAULT_TICK_NS) / NS_PER_MS;
    if (id === TRACKS) size = readSize(buffer, start, end);
    return { bytes: end - at, fragments: id === CLUSTER ? readCluster(buffer, { start, end }, tickMs) : [] };
  }

  return {
    get size() {
      return size;
    },
    takePiece,
  };
}

/** The head of an EBML element (RFC 8794, sections 4 to 6); null when it is cut off or none. */
function elementAt(buffer: Buffer, at: number): Element | null {
  const idBytes = lengthOf(buffer, at);
  if (idBytes === null || idBytes > 4 || at + idBytes > buffer.length) return null;
  const sizeAt = at + idBytes;
  const sizeBytes = lengthOf(buffer, sizeAt);
  if (sizeBytes === null || sizeAt + sizeBytes > buffer.length) return null;
  const start = sizeAt + sizeBytes;
  const bytes = readLength(buffer, sizeAt, sizeBytes);
  return { id: buffer.readUIntBE(at, idBytes), start, end: bytes === null ? null : start + bytes };
}

/** The number of bytes of a variable-size integer: one more than the zeros that its first byte begins with. */
function lengthOf(buffer: Buffer, at: number): number | null {
  const first = buffer[at];
  return first === undefined || first === 0 ? null : Math.clz32(first) - 23;
}

function readLength(buffer: Buffer, at: number, bytes: number): number | null {
  const mask = 0xff >> bytes;
  let value = (buffer[at] ?? 0) & mask;
  let allOnes = value === mask;
  for (let i = at + 1; i < at + bytes; i += 1) {
    const next = buffer[i] ?? 0;
    allOnes &&= next === 0xff;
    value = value * 256 + next;
  }
  return allOnes ? null : value;
}

/** The whole elements of an identifier among the children of one. */
function inside(buffer: Buffer, start: number, end: number, id?: number): WholeElement[] {
  const found: WholeElement[] = [];
  for (let at = start; at < end;) {
    const element = elementAt(buffer, at);
    if (!element || element.end === null || element.end > end) break;
    if (id === undefined || element.id === id) found.push({ ...element, end: element.end });
    at = element.end;
  }
  return found;
}

function readUint(buffer: Buffer, element: WholeElement | undefined, otherwise: number): number {
  if (!element) return otherwise;
  let value = 0;
  for (let at = element.start; at < element.end; at += 1) value = value * 256 + (buffer[at] ?? 0);
  return value;
}

function readSize(buffer: Buffer, start: number, end: number): FragmentParser['size'] {
  for (const track of inside(buffer, start, end, TRACK_ENTRY)) {
    const video = inside(buffer, track.start, track.end, VIDEO)[0];
    if (!video) continue;
    const read = (id: number) => readUint(buffer, inside(buffer, video.start, video.end, id)[0], 0);
    return { width: read(PIXEL_WIDTH), height: read(PIXEL_HEIGHT) };
  }
  return null;
}

interface Block {
  track: number;
  ticks: number;
  durationTicks: number;
  keyFrame: boolean;
}

function readCluster(buffer: Buffer, { start, end }: { start: number; end: number }, tickMs: number): Fragment[] {
  const base = readUint(buffer, inside(buffer, start, end, CLUSTER_TIMESTAMP)[0], 0);
  const blocks = inside(buffer, start, end).flatMap((element) => readBlock(buffer, element, base));
  return (['video', 'audio'] as const).flatMap((kind) => {
    const own = blocks.filter(({ track }) => (track === VIDEO_TRACK) === (kind === 'video'));
    const [first] = own;
    if (!first) return [];
    const startMs = Math.min(...own.map(({ ticks }) => ticks)) * tickMs;
    const endMs = Math.max(...own.map(({ ticks, durationTicks }) => ticks + durationTicks)) * tickMs;
    return [{ kind, packets: own.length, startMs, endMs, beginsWithKeyFrame: first.keyFrame }];
  });
}

/** A block alone or in a group. Track numbers up to 126 have one byte; the recorder writes no others. */
function readBlock(buffer: Buffer, element: WholeElement, base: number): Block[] {
  const group = element.id === BLOCK_GROUP;
  if (!group && element.id !== SIMPLE_BLOCK) return [];
  const block = group ? inside(buffer, element.start, element.end, BLOCK)[0] : element;
  if (!block || block.end - block.start < 4) return [];
  const refers = group && inside(buffer, element.start, element.end, REFERENCE_BLOCK).length > 0;
  const duration = group ? inside(buffer, element.start, element.end, BLOCK_DURATION)[0] : undefined;
  const flags = buffer.readUInt8(block.start + 3);
  return [
    {
      track: buffer.readUInt8(block.start) & 0x7f,
      ticks: base + buffer.readInt16BE(block.start + 1),
      durationTicks: readUint(buffer, duration, 0),
      keyFrame: group ? !refers : (flags & KEY_FRAME_FLAG) !== 0,
    },
  ];
}
