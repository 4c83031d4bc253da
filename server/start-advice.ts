import type { Config } from '#config/load.ts';

/** Enough to get out of the way of another server with as many workers. */
const RTC_PORTS_AWAY = 100;

/**
 * What to do about a start that failed for a port that is taken, in one sentence; null for every other reason.
 * @param error what the web server (`EADDRINUSE`) or a media worker, which only has words, failed with
 */
export function adviceOn(error: unknown, config: Pick<Config, 'http' | 'isLocal' | 'rtc'>): string | null {
  if (!(error instanceof Error) || !/address already in use/.test(error.message)) return null;
  const { http, isLocal, rtc } = config;
  const port = Number('port' in error ? error.port : /port:(\d+)/.exec(error.message)?.[1]);
  if (port === http.port) {
    const other = isLocal ? `PUBLIC_URL=http://localhost:${port + 1}` : `PORT=${port + 1}`;
    return `Port ${port} is taken: end the program that listens on it, or choose another, such as ${other}.`;
  }
  if (port >= rtc.portMin && port < rtc.portMin + rtc.workers) {
    const other = `RTC_PORT_MIN=${rtc.portMin + RTC_PORTS_AWAY}`;
    return `Port ${port} for media is taken: end the program that uses it, or choose others, such as ${other}.`;
  }
  return null;
}
