import { pino, type Logger } from 'pino';

export type { Logger };

/** Whatever a mistake may pass in, these never reach the log. */
const SECRETS = ['token', 'code', 'authorization', 'cookie', 'password', 'secret', 'email', 'phone', 'name'];

/**
 * One JSON line an event on standard output; ids only, nothing personal.
 * @param level pino's level name, `silent` for none
 */
export function createLogger(level: string): Logger {
  const output = pino.destination({ dest: process.stdout.fd, sync: true });
  // A terminal that was closed takes no more lines; running takes are finished all the same.
  output.on('error', () => undefined);
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRETS.flatMap((key) => [key, `*.${key}`]), remove: true },
    },
    output,
  );
}
