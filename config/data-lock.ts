import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';

const LOCK_FILE = 'server.lock';
const OWNER_ONLY = 0o600;

/** Who holds a folder. A process id alone proves nothing, as it is given again: the process's start tells them apart. */
const holderSchema = z.object({ pid: z.number().int().positive(), startedAt: z.string() });
type Holder = z.infer<typeof holderSchema>;

/** The folder is another running server's. */
export class DataDirInUseError extends Error {
  readonly pid: number;

  constructor(dataDir: string, pid: number) {
    super(
      `It runs already, as process ${pid} with the folder ${dataDir}. ` +
        'Use that one, stop it first, or choose another folder with DATA_DIR and another address with PUBLIC_URL.',
    );
    this.name = 'DataDirInUseError';
    this.pid = pid;
  }
}

/**
 * Makes sure that no other server works in the data folder: two would end each other's database and takes. A lock whose
 * process is gone, as after a crash, is taken over.
 * @returns gives the folder free
 * @throws DataDirInUseError when another server holds it; Error of the file system
 */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  const file = path.join(dataDir, LOCK_FILE);
  const own: Holder = { pid: process.pid, startedAt: await startOf(process.pid) };
  for (;;) {
    try {
      await writeFile(file, JSON.stringify(own), { flag: 'wx', mode: OWNER_ONLY });
      return () => rm(file, { force: true });
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error;
    }
    const holder = await readHolder(file);
    if (holder && (await isRunning(holder))) throw new DataDirInUseError(dataDir, holder.pid);
    await rm(file, { force: true });
  }
}

/** Null for a lock that was cut off in the middle of being written, or is gone by now. */
async function readHolder(file: string): Promise<Holder | null> {
  try {
    return holderSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}

async function isRunning({ pid, startedAt }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as somebody else's.
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EPERM') return false;
  }
  return (await startOf(pid)) === startedAt;
}

/** When a process started, in the kernel's ticks since boot (proc(5)); the same for all where nothing tells. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the program's name in parentheses, which may hold spaces.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
