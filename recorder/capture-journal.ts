import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { AppError } from '#protocol/errors.ts';
import { emptyWhenMissing, isMissing } from './missing.ts';

/**
 * What lies beside a capture while it is recorded: after a crash of the server it tells which ffmpeg may still be
 * writing to it. Such a process has lost its media and ends by itself, but only after half a minute, holds its ports
 * until then, and would write to a file that has been examined and named.
 */
const journalSchema = z.object({ pid: z.number().int().positive(), file: z.string() });

const JOURNAL_SUFFIX = '.journal.json';
const OWNER_ONLY = 0o600;
/** A killed process is gone within a few milliseconds, unless it waits for a broken disk. */
const END_TIMEOUT_MS = 2_000;
const END_INTERVAL_MS = 5;

/** Notes who writes a capture. @throws Error of the file system */
export async function writeJournal(path: string, entry: { pid: number; file: string }): Promise<void> {
  await writeFile(path, JSON.stringify(entry), { mode: OWNER_ONLY });
}

/** @throws Error of the file system */
export async function removeJournal(path: string): Promise<void> {
  await rm(path, { force: true });
}

/** The journals in a session's folder. @throws Error of the file system */
export async function listJournals(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(emptyWhenMissing);
  return names.filter((name) => name.endsWith(JOURNAL_SUFFIX)).map((name) => join(folder, name));
}

/** The journal's path, from that of a take's files without their extension. */
export const journalPath = (base: string) => `${base}${JOURNAL_SUFFIX}`;

/**
 * Ends the ffmpeg that a crashed server left writing, if it still runs, and removes the journal. Whatever process has
 * its number by now is left alone unless it writes to the journal's file.
 * @throws AppError `internal` when it does not end; Error of the file system
 */
export async function endOrphan(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(nullWhenMissing);
  if (text === null) return;
  const entry = parseJournal(text);
  if (entry && (await writesTo(entry))) {
    process.kill(entry.pid, 'SIGKILL');
    const until = Date.now() + END_TIMEOUT_MS;
    while (await writesTo(entry)) {
      if (Date.now() > until) throw new AppError('internal', 'A recorder that was left over does not end.');
      // It is nobody's child any more, so that nothing tells of its end.
      await delay(END_INTERVAL_MS);
    }
  }
  await removeJournal(path);
}

/** Null for a journal that was cut off in the middle: its ffmpeg had no media yet. */
function parseJournal(text: string): z.infer<typeof journalSchema> | null {
  try {
    return journalSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Whether a process runs with a command line that names the file. Only Linux tells; elsewhere it ends by itself. */
async function writesTo({ pid, file }: z.infer<typeof journalSchema>): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.split('\0').some((argument) => argument.endsWith(file));
}

function nullWhenMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}
