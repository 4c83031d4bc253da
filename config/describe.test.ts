import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import { describeSettings } from './describe.ts';
import { SETTINGS } from './schema.ts';

const FILE = path.join(import.meta.dirname, '../docs/configuration.md');

test('docs/configuration.md is what the schema says: if not, run "npm run docs"', async () => {
  const wanted = await format(describeSettings(), { ...(await resolveConfig(FILE)), filepath: FILE });
  expect(await readFile(FILE, 'utf8')).toBe(wanted);
});

test('each setting has a row', () => {
  const page = describeSettings();
  for (const name of Object.keys(SETTINGS)) expect(page).toContain(`| \`${name}\` |`);
});
