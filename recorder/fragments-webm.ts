/** EBML identifiers of WebM (RFC 9559, section 5.1). */
export const SEGMENT = 0x18538067;
export const CLUSTER = 0x1f43b675;
const SIMPLE_BLOCK = 0xa3;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;

export interface Element {
  id: number;
  headerBytes: number;
  /** Of its content; null while the writer does not know it. */
  bytes: number | null;
}

/** Reads the head of an EBML element (RFC 8794, sections 4 to 6); null when it is cut off or none. */
export function readElement(buffer: Buffer, offset: number): Element | null {
  const idBytes = lengthOf(buffer, offset);
  if (idBytes === null || idBytes > 4 || offset + idBytes > buffer.length) return null;
  const sizeAt = offset + idBytes;
  const sizeBytes = lengthOf(buffer, sizeAt);
  if (sizeBytes === null || sizeAt + sizeBytes > buffer.length) return null;
  const size = readSize(buffer, sizeAt, sizeBytes);
  return { id: buffer.readUIntBE(offset, idBytes), headerBytes: idBytes + sizeBytes, bytes: size };
}

/** The number of bytes of a variable-size integer: one more than the zeros that its first byte begins with. */
function lengthOf(buffer: Buffer, offset: number): number | null {
  const first = buffer[offset];
  return first === undefined || first === 0 ? null : Math.clz32(first) - 23;
}

function readSize(buffer: Buffer, offset: number, bytes: number): number | null {
  let value = (buffer[offset] ?? 0) & (0xff >> bytes);
  let allOnes = value === 0xff >> bytes;
  for (let at = offset + 1; at < offset + bytes; at += 1) {
    const next = buffer[at] ?? 0;
    allOnes &&= next === 0xff;
    value = value * 256 + next;
  }
  return allOnes ? null : value;
}

/** Whether a cluster's content has a block of a track. */
export function clusterHasTrack(cluster: Buffer, track: number): boolean {
  return blocksIn(cluster, 0, cluster.length).some((number) => number === track);
}

/** The track of each block. Track numbers up to 126 have one byte; the recorder writes no others. */
function blocksIn(buffer: Buffer, start: number, end: number): number[] {
  const tracks: number[] = [];
  for (let at = start; at < end;) {
    const element = readElement(buffer, at);
    if (!element || element.bytes === null) break;
    const content = at + element.headerBytes;
    if (element.id === SIMPLE_BLOCK || element.id === BLOCK) tracks.push((buffer[content] ?? 0) & 0x7f);
    if (element.id === BLOCK_GROUP) tracks.push(...blocksIn(buffer, content, content + element.bytes));
    at = content + element.bytes;
  }
  return tracks;
}
