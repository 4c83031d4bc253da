import { writeFile } from 'node:fs/promises';
import { DOCUMENTS, formatDocument } from './documents.ts';

/** Writes the pages of docs/ that are made from the code anew; `npm run docs` runs it. */
for (const { file, describe } of DOCUMENTS) await writeFile(file, await formatDocument(file, describe()));
