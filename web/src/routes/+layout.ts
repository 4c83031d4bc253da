// A single-page application: the server serves files and an API, and renders nothing.
export const ssr = false;
export const prerender = false;
