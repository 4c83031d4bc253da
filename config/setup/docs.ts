import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { describeSettings } from '../describe.ts';

/** Writes docs/configuration.md anew; `npm run docs` runs it. */
const file = path.join(import.meta.dirname, '../../docs/configuration.md');
await writeFile(file, await format(describeSettings(), { ...(await resolveConfig(file)), filepath: file }));
