import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DataDirInUseError, lockDataDir } from '#config/data-lock.ts';
import { ConfigError, loadConfig, type Config } from '#config/load.ts';
import { startMongod, type Mongod } from '#config/mongod.ts';
import { loadSecretKey } from '#config/secret.ts';
import { createApp, type App } from './app.ts';
import { systemClock } from './clock.ts';
import { DEMO_RECRUITER, seedDemo } from './demo.ts';
import { createLogger, type Logger } from './log.ts';
import { adviceOn } from './start-advice.ts';

const WEB_ROOT = join(import.meta.dirname, '../web/build');
/** What a shell reports for Ctrl-C. */
const INTERRUPTED = 130;

function readConfig(): Config {
  try {
    return loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/** Nothing of a server that runs already may be touched. */
async function lockOrExit(dataDir: string): Promise<() => Promise<void>> {
  try {
    return await lockDataDir(dataDir);
  } catch (error) {
    if (!(error instanceof DataDirInUseError)) throw error;
    process.stderr.write(`\n${error.message}\n\n`);
    process.exit(1);
  }
}

/** What a newcomer needs, in plain lines between the log's. */
function welcome(config: Config, { link, mailboxUrl }: { link: string | null; mailboxUrl: string | null }): string {
  const lines = [
    `${config.productName} is ready.`,
    '',
    `  Recruiters       ${config.publicUrl}/recruiter${link ? `   (sign in as ${DEMO_RECRUITER})` : ''}`,
    ...(link ? [`  A candidate      ${link}   (any address)`] : []),
    ...(mailboxUrl ? [`  Sign-in codes    ${mailboxUrl}   (for you alone; another one after each start)`] : []),
    '',
    '  Ctrl-C stops it; running takes are finished first. A second one quits at once.',
  ];
  return `\n${lines.join('\n')}\n\n`;
}

async function main(): Promise<void> {
  const config = readConfig();
  const log: Logger = createLogger(config.logLevel);
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const unlock = await lockOrExit(config.dataDir);
  const secret = await loadSecretKey(config);
  const { mongodb } = config;
  let mongod: Mongod | null = null;
  let app: App | null = null;
  let started: Promise<void> = Promise.resolve();
  let stopping: Promise<void> | null = null;

  const stop = (code: number): Promise<void> =>
    (stopping ??= (async () => {
      try {
        // What is being started can be closed once it is there.
        await started.catch(() => undefined);
        await app?.close();
        await mongod?.close();
        await unlock();
      } catch (error) {
        log.fatal({ err: error }, 'stopping failed');
        process.exit(1);
      }
      process.exit(code);
    })());
  // SIGHUP: the terminal was closed.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping) {
        log.warn({ signal }, 'quitting at once: running takes are cut off');
        process.exit(INTERRUPTED);
      }
      log.info({ signal }, 'stopping: running takes are finished first; asked again, it quits at once');
      process.stdout.write(
        '\nStopping. Running takes are finished first, which may take a minute. Ctrl-C again quits at once.\n',
      );
      void stop(0);
    });
  }

  async function start(): Promise<void> {
    if (mongodb.url === null) {
      mongod = await startMongod({
        binary: mongodb.mongodPath,
        dbPath: mongodb.directory,
        port: mongodb.mongodPort,
        log: (message) => log.warn(message),
      });
    }
    app = await createApp({
      config,
      secret,
      mongodbUrl: mongodb.url ?? mongod?.url ?? '',
      webRoot: existsSync(WEB_ROOT) ? WEB_ROOT : null,
      clock: systemClock,
      log,
    });
    const link = config.isLocal && mongod ? await seedDemo(app, systemClock.now()) : null;
    await app.listen();
    if (stopping) return;
    log.info({ url: config.publicUrl }, 'ready');
    process.stdout.write(welcome(config, { link, mailboxUrl: app.mailboxUrl }));
  }

  started = start();
  try {
    await started;
  } catch (error) {
    log.fatal({ err: error }, 'start failed');
    const advice = adviceOn(error, config);
    if (advice !== null) process.stderr.write(`\n${advice}\n\n`);
    await stop(1);
  }
}

await main();
