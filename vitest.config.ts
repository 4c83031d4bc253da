import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const MINUTE_MS = 60_000;

export default defineConfig({
  test: {
    // A test that needs a second try proves nothing.
    retry: 0,
    allowOnly: !process.env['CI'],
    projects: [
      {
        // Compiles the runes of what is tested.
        plugins: [svelte({ configFile: false })],
        resolve: {
          alias: { '#lib': fileURLToPath(new URL('web/src/lib', import.meta.url)) },
        },
        test: {
          name: 'unit',
          include: ['{protocol,config,recorder,server,web/src,test/{bench,fixtures,support}}/**/*.test.ts'],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/{config,integration}/**/*.test.ts'],
          testTimeout: MINUTE_MS,
          hookTimeout: MINUTE_MS,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          // What is timed must have the machine to itself.
          fileParallelism: false,
          testTimeout: 10 * MINUTE_MS,
          hookTimeout: 3 * MINUTE_MS,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
