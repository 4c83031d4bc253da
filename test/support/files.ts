import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Every file below a folder with its size; none when there is no folder. */
export async function filesIn(folder: string): Promise<{ file: string; bytes: number }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const file = join(entry.parentPath, entry.name);
        // What vanishes meanwhile is not there.
        return stat(file).then(
          ({ size }) => ({ file, bytes: size }),
          () => null,
        );
      }),
  );
  return found.filter((one) => one !== null);
}

/** The names of an MP4 file's outermost boxes, in order: `moov` before `mdat` is a fast start. */
export async function topBoxes(file: string): Promise<string[]> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const names: string[] = [];
    const header = Buffer.alloc(16);
    for (let at = 0; at + 8 <= size;) {
      await handle.read(header, 0, 16, at);
      names.push(header.toString('latin1', 4, 8));
      const short = header.readUInt32BE(0);
      const length = short === 1 ? Number(header.readBigUInt64BE(8)) : short === 0 ? size - at : short;
      if (length < 8) throw new Error(`${file} has a broken box at ${at}`);
      at += length;
    }
    return names;
  } finally {
    await handle.close();
  }
}
