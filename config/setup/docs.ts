import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { describeProtocol } from '#protocol/describe/protocol.ts';
import { describeSettings } from '../describe.ts';

const DOCS = path.join(import.meta.dirname, '../../docs');

/** Writes the pages of docs/ that are made from the code anew; `npm run docs` runs it. */
for (const [name, text] of [
  ['configuration.md', describeSettings()],
  ['protocol.md', describeProtocol()],
] as const) {
  const file = path.join(DOCS, name);
  await writeFile(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
}
