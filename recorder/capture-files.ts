import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#protocol/errors.ts';
import type { CaptureContainer } from './args.ts';
import { endOrphan, journalPath } from './capture-journal.ts';
import { emptyWhenMissing, exists } from './missing.ts';

/** The media type of a capture, as a player wants it. */
export type CaptureType = 'video/mp4' | 'video/webm';

/** Where one take's files lie. */
export interface TakeFiles {
  /** The session's folder. */
  folder: string;
  /** While it is recorded. */
  part(container: CaptureContainer): string;
  /** When it is known to be playable. */
  finished(container: CaptureContainer): string;
  /** A copy that plays everywhere, made when somebody needs it. */
  replay: string;
  /** Who writes it, while it is recorded. */
  journal: string;
  /** The description of its streams, while ffmpeg starts. */
  sdp: string;
}

export const CONTAINERS: readonly CaptureContainer[] = ['mp4', 'webm'];
export const captureType = (container: CaptureContainer): CaptureType => `video/${container}`;

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const OWNER_ONLY = 0o700;

/** @throws AppError `bad_request` for an id that could mean another file */
export function sessionFolder(directory: string, sessionId: string): string {
  return join(directory, checkedId(sessionId));
}

/** @throws AppError `bad_request` for an id that could mean another file */
export function takeFiles(directory: string, sessionId: string, takeId: string): TakeFiles {
  const folder = sessionFolder(directory, sessionId);
  const base = join(folder, checkedId(takeId));
  return {
    folder,
    part: (container) => `${base}.part.${container}`,
    finished: (container) => `${base}.${container}`,
    replay: `${base}.replay.mp4`,
    journal: journalPath(base),
    sdp: `${base}.sdp`,
  };
}

function checkedId(id: string): string {
  if (!ID.test(id)) throw new AppError('bad_request', 'This is no id of a session or a take.');
  return id;
}

/** Makes a session's folder, for the server's own user only. @throws Error of the file system */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: OWNER_ONLY });
}

/**
 * Gives a finished capture its name, which survives a loss of power as its content does.
 * @throws Error of the file system
 */
export async function finishFile(files: TakeFiles, container: CaptureContainer): Promise<string> {
  const file = files.finished(container);
  await sync(files.part(container));
  await rename(files.part(container), file);
  await sync(files.folder);
  return file;
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The container of a take's finished, or else unfinished, file; null when there is none. */
export async function findContainer(files: TakeFiles, stage: 'part' | 'finished'): Promise<CaptureContainer | null> {
  for (const container of CONTAINERS) if (await exists(files[stage](container))) return container;
  return null;
}

/**
 * Removes everything of a take and makes sure that it is gone.
 * @throws AppError `internal` when something is left; Error of the file system
 */
export async function removeTake(files: TakeFiles): Promise<void> {
  await endOrphan(files.journal);
  const all = CONTAINERS.flatMap((container) => [files.part(container), files.finished(container)]);
  for (const file of [...all, files.replay, files.sdp]) await removeVerified(file);
}

/**
 * Removes a file or a folder with its content and makes sure that it is gone.
 * @throws AppError `internal` when something is left; Error of the file system
 */
export async function removeVerified(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  if (await exists(path)) throw new AppError('internal', 'A recording could not be deleted.');
}

/** The ids of the sessions that have files. @throws Error of the file system */
export async function listSessions(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(emptyWhenMissing);
  const ids: string[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory() || !ID.test(entry.name)) continue;
    const files = await readdir(join(directory, entry.name)).catch(emptyWhenMissing);
    if (files.length > 0) ids.push(entry.name);
  }
  return ids;
}
