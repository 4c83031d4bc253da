import { REORDER_DELAY_MS } from './args.ts';

/** Where a capture has holes: packets that never came, although they were sent again or asked for. */
export interface DamageReport {
  /** Takes in a line of ffmpeg's. */
  line(text: string): void;
  /** When packets are missing, in milliseconds after the instant `startAt`, to about a quarter of a second. */
  since(startAt: number): number[];
}

/** ffmpeg's RTP reader says so when it goes on without them. */
const MISSED = /\bRTP: missed \d+ packets/;
/** Losses closer together are one damaged place: a picture is whole again with the next key frame. */
const ONE_PLACE_MS = 1_000;
/** More places are no longer told apart by anybody. */
const MAX_PLACES = 100;

/** @param now the clock, in milliseconds since 1970 */
export function createDamageReport(now: () => number = Date.now): DamageReport {
  const places: number[] = [];
  let last = -Infinity;
  return {
    line(text) {
      if (!MISSED.test(text)) return;
      // It waits for late packets before it gives them up.
      const at = now() - REORDER_DELAY_MS;
      if (at - last > ONE_PLACE_MS && places.length < MAX_PLACES) places.push(at);
      last = at;
    },
    since: (startAt) => places.map((at) => Math.max(0, Math.round(at - startAt))),
  };
}
