import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { Browser, DATABASE_START_TIMEOUT_MS, startDatabase, startServer, type TestServer } from './identity-harness.ts';

type ServerOptions = Omit<Parameters<typeof startServer>[0], 'databaseUrl'>;

/**
 * Gives each test of a file a server of its own, on an empty database, and a browser that was nowhere yet. Call it at the
 * top of the file.
 */
export function setStage() {
  let database: Awaited<ReturnType<typeof startDatabase>>;
  let databases = 0;
  let server: TestServer;
  let browser: Browser;
  const start = (options: ServerOptions = {}) =>
    startServer({ databaseUrl: database.url(`test-${databases}`), ...options });

  beforeAll(async () => {
    database = await startDatabase();
  }, DATABASE_START_TIMEOUT_MS);
  afterAll(() => database.close());
  beforeEach(async () => {
    databases += 1;
    server = await start();
    browser = new Browser(server);
  });
  afterEach(() => server.close());

  return {
    get server() {
      return server;
    },
    get browser() {
      return browser;
    },
    /** Goes on with another browser, which has no cookies. */
    changeBrowser(): void {
      browser = new Browser(server);
    },
    /** Stops the server and starts it again, on the same port and database; the browser keeps its cookies. */
    async restart(options: ServerOptions = {}): Promise<void> {
      const port = Number(new URL(server.publicUrl).port);
      await server.close();
      server = await start({ port, ...options });
    },
    /** A further server on the same database. The caller closes it. */
    startAnother: start,
  };
}
