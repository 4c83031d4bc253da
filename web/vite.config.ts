import { fileURLToPath } from 'node:url';
import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Where `vite dev` finds the server; `npm start` uses the same port. */
const SERVER = 'http://localhost:3000';

export default defineConfig({
  root: here('.'),
  plugins: [
    sveltekit({
      // One page for every address: the server answers unknown paths with it.
      adapter: adapter({ pages: here('build'), fallback: '200.html' }),
      // Kit's one inline script is allowed by its hash, so that the server never needs `unsafe-inline`.
      csp: {
        mode: 'hash',
        directives: { 'script-src': ['self'], 'object-src': ['none'], 'base-uri': ['self'] },
      },
      paths: { relative: false },
    }),
  ],
  resolve: {
    alias: [
      { find: /^#lib\/(.*)$/, replacement: here('src/lib/$1') },
      { find: /^#protocol\/(.*)$/, replacement: here('../protocol/$1') },
    ],
  },
  server: {
    port: 5173,
    strictPort: true,
    fs: { allow: [here('..')] },
    proxy: {
      '/api': SERVER,
      '/oidc': SERVER,
      '/media': SERVER,
      '/dev': SERVER,
      '/socket.io': { target: SERVER, ws: true },
    },
  },
});
