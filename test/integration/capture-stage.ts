import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { createRecorder, type Recorder, type RecorderOptions } from '#recorder/recorder.ts';
import { freePorts } from '#test/support/ports.ts';
import { findTool } from '#test/support/tools.ts';
import { startFakeSource, type FakeSource, type FakeSourceOptions } from './capture-harness.ts';

export const TOOLS = {
  ffmpegPath: findTool('FFMPEG_PATH', 'ffmpeg'),
  ffprobePath: findTool('FFPROBE_PATH', 'ffprobe'),
};
const PORTS = 8;
/** What the test is about: a take of some length. It waits for the wall clock, on which nothing depends but lengths. */
export const TAKE_MS = 2_000;

/** A recorder in a folder of its own, for each test of a file, and what ends with it. */
export class CaptureStage {
  directory = '';
  #recorder: Recorder | null = null;
  #portMin = 0;
  readonly #sources = new Set<FakeSource>();

  constructor() {
    beforeEach(async () => {
      this.directory = await mkdtemp(join(tmpdir(), 'goodtake-capture-'));
      this.#portMin = await freePorts(PORTS);
      this.#recorder = this.another();
    });
    afterEach(async () => {
      await this.recorder.close();
      await Promise.all([...this.#sources].map((source) => this.end(source)));
      await rm(this.directory, { recursive: true });
    });
  }

  get recorder(): Recorder {
    if (!this.#recorder) throw new Error('the test has not begun');
    return this.#recorder;
  }

  /** A second recorder on the same folder, as after a restart. It has ports for two takes. */
  another(options: Partial<RecorderOptions> = {}): Recorder {
    const ports = { min: this.#portMin, max: this.#portMin + PORTS - 1 };
    return createRecorder({ ...TOOLS, directory: this.directory, ports, minFreeBytes: 1, ...options });
  }

  async source(options: FakeSourceOptions = {}): Promise<FakeSource> {
    const source = await startFakeSource(options);
    this.#sources.add(source);
    return source;
  }

  async end(source: FakeSource): Promise<void> {
    if (this.#sources.delete(source)) await source.end();
  }

  async armed(options: FakeSourceOptions = {}) {
    const source = await this.source(options);
    const ids = { sessionId: randomUUID(), takeId: randomUUID() };
    return { ids, source, capture: await this.recorder.arm({ ...ids, source }) };
  }

  /** The ffmpeg processes that write into this test's folder. */
  async recorders(): Promise<number[]> {
    const pids: number[] = [];
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
      if (command.includes(this.directory)) pids.push(Number(name));
    }
    return pids;
  }

  async filesLeft(): Promise<string[]> {
    return (await readdir(this.directory, { recursive: true })).filter((name) => name.includes('.'));
  }
}
