import { open } from 'node:fs/promises';

const HEADER_BYTES = 16;
/** A sane file has a handful of boxes before its media data. */
const BOXES_LOOKED_AT = 64;

/**
 * Says whether an MP4 file can start playing before all of it has arrived: its `moov` box comes before its first
 * `mdat`. Reads the boxes' headers only (ISO/IEC 14496-12, 4.2: a 32-bit size and a type; size 1 means that 64 bits of
 * size follow the type, size 0 that the box is the file's last).
 * @throws Error of the file system
 */
export async function isFaststart(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    let offset = 0;
    for (let box = 0; box < BOXES_LOOKED_AT; box += 1) {
      const { bytesRead } = await handle.read(header, 0, HEADER_BYTES, offset);
      if (bytesRead < 8) return false;
      const type = header.toString('latin1', 4, 8);
      if (type === 'moov') return true;
      if (type === 'mdat') return false;
      const small = header.readUInt32BE(0);
      if (small === 1 && bytesRead < HEADER_BYTES) return false;
      const size = small === 1 ? Number(header.readBigUInt64BE(8)) : small;
      if (size < 8) return false;
      offset += size;
    }
    return false;
  } finally {
    await handle.close();
  }
}
