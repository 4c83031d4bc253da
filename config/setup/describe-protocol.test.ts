import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ERROR_STATUS } from '#protocol/errors.ts';
import { requests } from '#protocol/events.ts';
import { routes } from '#protocol/routes.ts';
import { describeProtocol } from './describe-protocol.ts';
import { formatDocument } from './documents.ts';

test('docs/protocol.md is what the code says: if not, run "npm run docs"', async () => {
  const file = path.join(import.meta.dirname, '../../docs/protocol.md');
  expect(await readFile(file, 'utf8')).toBe(await formatDocument(file, describeProtocol()));
});

test('each route, request and error code has a row', () => {
  const page = describeProtocol();
  for (const { method, path: route } of Object.values(routes)) expect(page).toContain(`| \`${method} ${route}\` |`);
  for (const name of Object.keys(requests)) expect(page).toContain(`| \`${name}\` |`);
  for (const name of Object.keys(ERROR_STATUS)) expect(page).toContain(`| \`${name}\` |`);
});
