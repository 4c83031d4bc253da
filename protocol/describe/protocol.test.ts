import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import { ERROR_STATUS } from '../errors.ts';
import { requests } from '../events.ts';
import { routes } from '../routes.ts';
import { describeProtocol } from './protocol.ts';

test('docs/protocol.md is what the code says: if not, run "npm run docs"', async () => {
  const file = path.join(import.meta.dirname, '../../docs/protocol.md');
  const wanted = await format(describeProtocol(), { ...(await resolveConfig(file)), filepath: file });
  expect(await readFile(file, 'utf8')).toBe(wanted);
});

test('each route, request and error code has a row', () => {
  const page = describeProtocol();
  for (const { method, path: route } of Object.values(routes)) expect(page).toContain(`| \`${method} ${route}\` |`);
  for (const name of Object.keys(requests)) expect(page).toContain(`| \`${name}\` |`);
  for (const name of Object.keys(ERROR_STATUS)) expect(page).toContain(`| \`${name}\` |`);
});
