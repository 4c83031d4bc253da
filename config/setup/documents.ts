import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { describeSettings } from '../describe.ts';
import { describeProtocol } from './describe-protocol.ts';

const DOCS = path.join(import.meta.dirname, '../../docs');

/** The pages that are made from the code. */
export const DOCUMENTS: readonly { file: string; describe: () => string }[] = [
  { file: path.join(DOCS, 'configuration.md'), describe: describeSettings },
  { file: path.join(DOCS, 'protocol.md'), describe: describeProtocol },
];

/** The text as the formatter wants it in the file. */
export async function formatDocument(file: string, text: string): Promise<string> {
  return format(text, { ...(await resolveConfig(file)), filepath: file });
}
