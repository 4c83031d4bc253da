import type { Fragment, FragmentParser, Piece } from './capture-fragment.ts';

interface Box {
  type: string;
  /** Of its content. */
  start: number;
  end: number;
}

interface Track {
  timescale: number;
  /** By how much the track's edit list moves its samples on the file's timeline. */
  shiftMs: number;
}

/** The recorder maps the picture first, and the muxer counts tracks from 1. */
const VIDEO_TRACK = 1;
const LARGE_HEADER_BYTES = 16;
const MS_PER_S = 1_000;

/** Reads fragmented MP4 (ISO/IEC 14496-12, sections 4.2 and 8.8). */
export function createMp4Parser(): FragmentParser {
  let tracks = new Map<number, Track>();
  let size: FragmentParser['size'] = null;

  /** One top-level box; a `moof` is taken in together with the `mdat` behind it. */
  function takePiece(buffer: Buffer, at: number): Piece | null {
    const box = boxAt(buffer, at);
    if (!box) return null;
    if (box.type !== 'moof' && box.type !== 'moov') return { bytes: box.end - at, fragments: [] };
    if (box.end > buffer.length) return null;
    if (box.type === 'moov') {
      tracks = readTracks(buffer, box);
      size = readSize(buffer, box);
      return { bytes: box.end - at, fragments: [] };
    }
    const media = boxAt(buffer, box.end);
    if (!media) return null;
    return { bytes: media.end - at, fragments: media.type === 'mdat' ? readFragments(buffer, box, tracks) : [] };
  }

  return {
    get size() {
      return size;
    },
    takePiece,
  };
}

function boxAt(buffer: Buffer, at: number): Box | null {
  if (at + 8 > buffer.length) return null;
  const small = buffer.readUInt32BE(at);
  const type = buffer.toString('latin1', at + 4, at + 8);
  if (small === 1) {
    if (at + LARGE_HEADER_BYTES > buffer.length) return null;
    return { type, start: at + LARGE_HEADER_BYTES, end: at + Number(buffer.readBigUInt64BE(at + 8)) };
  }
  // ffmpeg writes a box's size last: 0 is one that it has just begun.
  return small < 8 ? null : { type, start: at + 8, end: at + small };
}

function boxesIn(buffer: Buffer, { start, end }: Pick<Box, 'start' | 'end'>): Box[] {
  const boxes: Box[] = [];
  for (let at = start; at + 8 <= end;) {
    const box = boxAt(buffer, at);
    if (!box || box.end > end) break;
    boxes.push(box);
    at = box.end;
  }
  return boxes;
}

/** The first box under a path of types, such as `mdia/mdhd`. */
function find(buffer: Buffer, parent: Pick<Box, 'start' | 'end'>, path: string): Box | null {
  let box: Pick<Box, 'start' | 'end'> | undefined = parent;
  for (const type of path.split('/')) {
    box = box && boxesIn(buffer, box).find((inside) => inside.type === type);
  }
  return (box as Box | undefined) ?? null;
}

function readTracks(buffer: Buffer, moov: Box): Map<number, Track> {
  const tracks = new Map<number, Track>();
  const movieHeader = find(buffer, moov, 'mvhd');
  const movieTimescale = movieHeader ? readTimescale(buffer, movieHeader) : 0;
  for (const trak of boxesIn(buffer, moov).filter(({ type }) => type === 'trak')) {
    const [header, media] = [find(buffer, trak, 'tkhd'), find(buffer, trak, 'mdia/mdhd')];
    if (!header || !media) continue;
    const id = buffer.readUInt32BE(header.start + (versionOf(buffer, header) === 1 ? 20 : 12));
    const timescale = readTimescale(buffer, media);
    const edits = find(buffer, trak, 'edts/elst');
    tracks.set(id, { timescale, shiftMs: edits ? readShift(buffer, edits, { timescale, movieTimescale }) : 0 });
  }
  return tracks;
}

const versionOf = (buffer: Buffer, box: Box) => buffer.readUInt8(box.start);

/** `mvhd` and `mdhd` begin alike (sections 8.2.2 and 8.4.2). */
const readTimescale = (buffer: Buffer, box: Box) =>
  buffer.readUInt32BE(box.start + (versionOf(buffer, box) === 1 ? 20 : 12));

/** Empty edits put the track later, the first other one may begin inside its media (section 8.6.6). */
function readShift(buffer: Buffer, box: Box, scales: { timescale: number; movieTimescale: number }): number {
  const large = versionOf(buffer, box) === 1;
  const entryBytes = large ? 20 : 12;
  const count = buffer.readUInt32BE(box.start + 4);
  let shiftMs = 0;
  for (let entry = 0; entry < count; entry += 1) {
    const at = box.start + 8 + entry * entryBytes;
    if (at + entryBytes > box.end) break;
    const duration = large ? Number(buffer.readBigUInt64BE(at)) : buffer.readUInt32BE(at);
    const mediaTime = large ? Number(buffer.readBigInt64BE(at + 8)) : buffer.readInt32BE(at + 4);
    if (mediaTime >= 0) return shiftMs - (mediaTime / scales.timescale) * MS_PER_S;
    shiftMs += (duration / scales.movieTimescale) * MS_PER_S;
  }
  return shiftMs;
}

/** Of the first track's first sample entry (section 12.1.3). */
function readSize(buffer: Buffer, moov: Box): FragmentParser['size'] {
  const table = find(buffer, moov, 'trak/mdia/minf/stbl/stsd');
  const entry = table && boxesIn(buffer, { start: table.start + 8, end: table.end })[0];
  if (!entry || entry.end - entry.start < 28) return null;
  return { width: buffer.readUInt16BE(entry.start + 24), height: buffer.readUInt16BE(entry.start + 26) };
}

function readFragments(buffer: Buffer, moof: Box, tracks: ReadonlyMap<number, Track>): Fragment[] {
  return boxesIn(buffer, moof).flatMap((traf) => {
    const header = traf.type === 'traf' && find(buffer, traf, 'tfhd');
    const time = traf.type === 'traf' && find(buffer, traf, 'tfdt');
    if (!header || !time) return [];
    const id = buffer.readUInt32BE(header.start + 4);
    const track = tracks.get(id);
    const defaults = readDefaults(buffer, header);
    const runs = boxesIn(buffer, traf)
      .filter(({ type }) => type === 'trun')
      .map((run) => readRun(buffer, run, defaults));
    const packets = runs.reduce((sum, run) => sum + run.packets, 0);
    if (!track || packets === 0) return [];
    const ticks =
      versionOf(buffer, time) === 1
        ? Number(buffer.readBigUInt64BE(time.start + 4))
        : buffer.readUInt32BE(time.start + 4);
    const startMs = track.shiftMs + (ticks / track.timescale) * MS_PER_S;
    const lengthMs = (runs.reduce((sum, run) => sum + run.ticks, 0) / track.timescale) * MS_PER_S;
    const kind = id === VIDEO_TRACK ? ('video' as const) : ('audio' as const);
    return [
      { kind, packets, startMs, endMs: startMs + lengthMs, beginsWithKeyFrame: runs[0]?.beginsWithKeyFrame ?? false },
    ];
  });
}

interface SampleDefaults {
  ticks: number;
  flags: number;
}

/** What holds for samples of which the run says nothing (section 8.8.7). */
function readDefaults(buffer: Buffer, { start }: Box): SampleDefaults {
  const present = buffer.readUInt32BE(start) & 0xffffff;
  let at = start + 8;
  if (present & 0x1) at += 8;
  if (present & 0x2) at += 4;
  const ticks = present & 0x8 ? buffer.readUInt32BE(at) : 0;
  if (present & 0x8) at += 4;
  if (present & 0x10) at += 4;
  return { ticks, flags: present & 0x20 ? buffer.readUInt32BE(at) : 0 };
}

/** `sample_is_non_sync_sample` (section 8.8.3.1). */
const NON_SYNC = 0x10000;

function readRun(buffer: Buffer, { start, end }: Box, defaults: SampleDefaults) {
  const present = buffer.readUInt32BE(start) & 0xffffff;
  const packets = buffer.readUInt32BE(start + 4);
  let at = start + 8;
  if (present & 0x1) at += 4;
  let firstFlags = defaults.flags;
  if (present & 0x4) {
    firstFlags = buffer.readUInt32BE(at);
    at += 4;
  }
  const [hasTicks, hasFlags] = [(present & 0x100) !== 0, (present & 0x400) !== 0];
  const flagsAt = (hasTicks ? 4 : 0) + (present & 0x200 ? 4 : 0);
  const sampleBytes = flagsAt + (hasFlags ? 4 : 0) + (present & 0x800 ? 4 : 0);
  if (at + packets * sampleBytes > end) return { packets: 0, ticks: 0, beginsWithKeyFrame: false };
  if (hasFlags && packets > 0) firstFlags = buffer.readUInt32BE(at + flagsAt);
  let ticks = hasTicks ? 0 : packets * defaults.ticks;
  if (hasTicks) for (let i = 0; i < packets; i += 1) ticks += buffer.readUInt32BE(at + i * sampleBytes);
  return { packets, ticks, beginsWithKeyFrame: (firstFlags & NON_SYNC) === 0 };
}
