// What `npm start`, `npm test` and the other scripts run. Plain JavaScript that an older Node can start: it sees to a
// Node that is new enough and goes on in that one. usage: run.mjs start|dev|test|check|bench|docs [ARGUMENTS]
import path from 'node:path';
import { runShown } from './command.mjs';
import { withLock } from './lock.mjs';
import { findNode } from './node.mjs';
import { CannotGoOn, say } from './say.mjs';
import { conclude } from './test.mjs';

/** The commands whose last line is `N passed, N failed`, also when they do not come as far as a test. */
const COUNTING = ['test', 'check'];

const [command = 'start', ...rest] = process.argv.slice(2);

try {
  const node = await withLock(findNode);
  if (node === process.execPath) {
    const { runCommand } = await import('./commands.mjs');
    process.exitCode = await runCommand(command, rest);
  } else {
    // Its folder comes first on the path, so that npm and every tool run on it too.
    const env = { PATH: [path.dirname(node), process.env['PATH']].join(path.delimiter) };
    process.exitCode = await runShown(node, process.argv.slice(1), { env });
  }
} catch (error) {
  say(error instanceof CannotGoOn ? error.message : error instanceof Error ? (error.stack ?? '') : String(error));
  process.exitCode = COUNTING.includes(command) ? conclude([{ passed: 0, failed: 1 }]) : 1;
}
