import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CandidatePage } from '#test/e2e/pages/candidate.ts';
import { wallSpan } from '#test/support/content-checks.ts';
import { readContent } from '#test/support/content.ts';
import { filesIn } from '#test/support/files.ts';
import { findTool } from '#test/support/tools.ts';
import type { Measured } from './figures.ts';

/** The limit of every answer, at which the server stops it. */
export const ANSWER_MS = 30_000;
const END_TIMEOUT_MS = ANSWER_MS + 30_000;
const URL_TIMEOUT_MS = 10_000;
const CUT_TIMEOUT_MS = 20_000;
const run = promisify(execFile);

/**
 * Records one answer up to its limit and measures it.
 * @throws Error when the product fails: no "go", a take that ends otherwise than at its limit, or that cannot be replayed
 */
export async function measureTake(
  candidate: CandidatePage,
  options: { question: number; takesDir: string },
): Promise<Measured> {
  const { question, takesDir } = options;
  const { watch } = candidate;
  const running = await candidate.record(question);
  const { take } = await candidate.ended(question, running, END_TIMEOUT_MS);
  if (take.state !== 'playable' || take.stopReason !== 'limit') {
    throw new Error(`a take ended as ${take.state}, because of ${take.stopReason}`);
  }
  const find = () => watch.question(question).takes.find(({ id }) => id === take.id);
  await watch.waitFor('the address of the replay', () => Boolean(find()?.url), { timeoutMs: URL_TIMEOUT_MS });
  const replayable = watch.seen.find(({ view }) =>
    view.questions.some(({ takes }) =>
      takes.some(({ id, state, url }) => id === take.id && state === 'playable' && url !== null),
    ),
  );
  const states = watch.statesOf(take.id);
  const [recording, stopping] = [states.get('recording'), states.get('stopping')];
  const { countdownEndsAt, endsAt } = running;
  if (!recording || !stopping || !replayable || countdownEndsAt === null || endsAt === null) {
    throw new Error('the page was not told all of a take');
  }
  const file = await captureOf(takesDir, take.id);
  return {
    tapToReadyMs: Math.max(0, running.goAt - countdownEndsAt),
    lateGoMs: Math.max(0, recording.at - countdownEndsAt),
    // The limit is the earliest that the server can have stopped at: a late timer counts against it.
    stopToReplayableMs: replayable.at - Math.min(endsAt, stopping.view.now),
    captureBytes: file.bytes,
    firstFrameAfterGoMs: (await firstPictureAt(file.file)) - running.goAt,
  };
}

async function captureOf(takesDir: string, takeId: string): Promise<{ file: string; bytes: number }> {
  const found = (await filesIn(takesDir)).find(({ file }) => file.includes(takeId));
  if (!found) throw new Error('a playable take has no file');
  return found;
}

/** The instant that the first readable picture shows. Only the first second is decoded, as the next take waits. */
async function firstPictureAt(capture: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'goodtake-bench-'));
  try {
    const begin = join(folder, 'begin.mp4');
    const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '10'];
    const args = ['-v', 'error', '-i', capture, '-t', '1', '-map', '0:v:0', ...encoder, begin];
    await run(findTool('FFMPEG_PATH', 'ffmpeg'), args, { timeout: CUT_TIMEOUT_MS });
    return wallSpan((await readContent(begin)).frames).firstMs;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
