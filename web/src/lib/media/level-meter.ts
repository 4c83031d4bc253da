/** Speech into a phone held in the hand lies between these, in dB below full scale. */
const QUIET_DB = -60;
const LOUD_DB = -12;

/** How loud samples from -1 to 1 are on a meter from 0 (quiet) to 1 (loud speech). */
export function loudness(samples: Float32Array): number {
  let squares = 0;
  for (const sample of samples) squares += sample * sample;
  if (squares === 0) return 0;
  const db = 10 * Math.log10(squares / samples.length);
  return Math.min(1, Math.max(0, (db - QUIET_DB) / (LOUD_DB - QUIET_DB)));
}

/** Listens to a microphone for the level meter; nothing of it is kept or sent. */
export class LevelMeter {
  readonly #context = new AudioContext();
  readonly #analyser = this.#context.createAnalyser();
  readonly #samples: Float32Array<ArrayBuffer>;
  readonly #source: MediaStreamAudioSourceNode;

  constructor(track: MediaStreamTrack) {
    this.#analyser.fftSize = 1024;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
  }

  /** Browsers let sound be processed only after a tap; false until then. */
  get running(): boolean {
    return this.#context.state === 'running';
  }

  /** To be called from a tap. */
  resume(): void {
    // A refusal only means that the next tap has to do it.
    this.#context.resume().catch(() => undefined);
  }

  /** The level now, 0 to 1. */
  read(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return loudness(this.#samples);
  }

  close(): void {
    this.#source.disconnect();
    void this.#context.close();
  }
}
