import type { FastifyInstance } from 'fastify';
import type { Logger } from '#server/log.ts';

/** Answers under way have so long to end: enough for any but a video, which its page asks for again. */
const ANSWER_TIMEOUT_MS = 3_000;

/**
 * Takes no request any more and lets the answers under way end. After three seconds their connections are closed: a
 * player that is paused in the middle of a video keeps its own open for as long as it likes.
 */
export async function closeHttp(app: FastifyInstance, options: { log: Logger; timeoutMs?: number }): Promise<void> {
  const { log, timeoutMs = ANSWER_TIMEOUT_MS } = options;
  const timer = setTimeout(() => {
    log.info({ timeoutMs }, 'closing connections whose answers do not end');
    app.server.closeAllConnections();
  }, timeoutMs);
  try {
    await app.close();
  } finally {
    clearTimeout(timer);
  }
}
