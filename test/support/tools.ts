import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where the set-up puts what it downloads or builds. */
const TOOLS_FOLDER = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'goodtake', 'tools');

/**
 * The path of a program: named by a variable, else on the PATH, else in the set-up's cache.
 * @throws Error naming the program and the variable when there is none
 */
export function findTool(variable: string, ...names: string[]): string {
  const named = process.env[variable];
  if (named) return named;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), TOOLS_FOLDER];
  for (const name of names) {
    for (const folder of folders) if (isProgram(join(folder, name))) return join(folder, name);
  }
  throw new Error(`${names[0]} was not found: run "npm test" once, or set ${variable}`);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
