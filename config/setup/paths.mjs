import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** The checkout. */
export const ROOT = path.resolve(import.meta.dirname, '../..');

/** Tools that set-up fetched or built, shared by all checkouts of a user. */
export const TOOLS = path.join(process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), 'goodtake', 'tools');

/** What the names of folders begin with in which tools are being made. */
export const TEMPORARY = 'tmp-';

/** The name that a tool's platform has in Node's terms, such as linux-x64. */
export const PLATFORM = `${process.platform}-${process.arch}`;

/** Whether apt-get may be used: by root, and never through sudo. */
export const mayUseApt = () => process.getuid?.() === 0 && which('apt-get') !== null;

/**
 * @param {string} file
 * @returns {boolean}
 */
export function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Finds a program on the search path.
 * @param {string[]} names in the order of preference
 * @returns {string | null}
 */
export function which(...names) {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter(Boolean);
  for (const name of names) {
    for (const folder of folders) if (isExecutable(path.join(folder, name))) return path.join(folder, name);
  }
  return null;
}
