/** Brightness of one picture: mean and standard deviation of its luma, 0 to 255. */
export interface PictureSample {
  mean: number;
  deviation: number;
}

/** A camera is judged by pictures over this time. */
export const PICTURE_CHECK_MS = 1_500;
/** Between two pictures. */
export const PICTURE_SAMPLE_MS = 250;

/** Black in limited-range video is 16; sensors in the dark add noise. */
const BLACK_MEAN = 20;
const FLAT_DEVIATION = 6;
const WIDTH_PX = 36;
const HEIGHT_PX = 64;

/** Luma (BT.601) statistics of RGBA bytes. */
export function measurePicture(rgba: Uint8ClampedArray): PictureSample {
  let sum = 0;
  let squares = 0;
  const count = Math.floor(rgba.length / 4);
  for (let i = 0; i < count * 4; i += 4) {
    const luma = 0.299 * (rgba[i] ?? 0) + 0.587 * (rgba[i + 1] ?? 0) + 0.114 * (rgba[i + 2] ?? 0);
    sum += luma;
    squares += luma * luma;
  }
  const mean = count === 0 ? 0 : sum / count;
  return { mean, deviation: count === 0 ? 0 : Math.sqrt(Math.max(0, squares / count - mean * mean)) };
}

/** Some cameras deliver black frames while everything else looks fine (webrtc/samples#1013). */
export function isBlack(samples: readonly PictureSample[]): boolean {
  return samples.length > 0 && samples.every(({ mean, deviation }) => mean < BLACK_MEAN && deviation < FLAT_DEVIATION);
}

/** Looks at a playing video from time to time and tells when it turns black or comes back. */
export class PictureCheck {
  readonly #video: HTMLVideoElement;
  readonly #onResult: (black: boolean) => void;
  readonly #canvas: CanvasRenderingContext2D | null;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #samples: PictureSample[] = [];

  constructor(options: { video: HTMLVideoElement; onResult: (black: boolean) => void }) {
    this.#video = options.video;
    this.#onResult = options.onResult;
    const canvas = document.createElement('canvas');
    canvas.width = WIDTH_PX;
    canvas.height = HEIGHT_PX;
    this.#canvas = canvas.getContext('2d', { willReadFrequently: true });
    this.#timer = setInterval(() => this.#look(), PICTURE_SAMPLE_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const video = this.#video;
    // A hidden page draws nothing, which says nothing about the camera.
    if (!this.#canvas || document.hidden || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.#canvas.drawImage(video, 0, 0, WIDTH_PX, HEIGHT_PX);
    this.#samples.push(measurePicture(this.#canvas.getImageData(0, 0, WIDTH_PX, HEIGHT_PX).data));
    const needed = PICTURE_CHECK_MS / PICTURE_SAMPLE_MS;
    if (this.#samples.length > needed) this.#samples.shift();
    if (this.#samples.length >= needed) this.#onResult(isBlack(this.#samples));
  }
}
