import { config } from 'zod';

// A single-page application: the server serves files and an API, and renders nothing.
export const ssr = false;
export const prerender = false;

// zod's faster mode builds functions from text, which the content security policy forbids.
config({ jitless: true });
