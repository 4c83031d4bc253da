import type { Config } from './config.ts';

interface Range {
  /** The settings that make the range, for the message. */
  name: string;
  min: number;
  max: number;
}

/** A capture needs four ports (RTP and RTCP of picture and sound) on each side; fewer would fail with the first take. */
const SMALLEST_RANGE = 4;

/**
 * Finds port ranges that are upside down, too small or overlapping. A worker that takes a port on which a recorder is
 * about to listen loses that take, so no port may belong to two.
 */
export function findRangeFaults({
  http,
  rtc,
  recorder,
  mongodb,
}: Pick<Config, 'http' | 'rtc' | 'recorder' | 'mongodb'>): string[] {
  const pools: Range[] = [
    { name: 'WORKER_PORT_MIN to WORKER_PORT_MAX', min: rtc.workerPortMin, max: rtc.workerPortMax },
    { name: 'RECORDER_PORT_MIN to RECORDER_PORT_MAX', min: recorder.portMin, max: recorder.portMax },
  ];
  const wrong = pools.filter(({ min, max }) => max - min + 1 < SMALLEST_RANGE);
  if (wrong.length > 0) return wrong.map(({ name }) => `${name} must hold at least ${SMALLEST_RANGE} ports`);

  const lastRtcPort = rtc.portMin + rtc.workers - 1;
  if (lastRtcPort > 65_535) return ['RTC_PORT_MIN must leave room below 65536 for one port for each of WORKERS'];
  const ranges: Range[] = [
    ...pools,
    { name: 'RTC_PORT_MIN and one for each of WORKERS', min: rtc.portMin, max: lastRtcPort },
    { name: 'PORT', min: http.port, max: http.port },
  ];
  if (mongodb.url === null && mongodb.mongodPort !== 0) {
    ranges.push({ name: 'MONGOD_PORT', min: mongodb.mongodPort, max: mongodb.mongodPort });
  }
  return ranges.flatMap((a, index) =>
    ranges
      .slice(index + 1)
      .filter((b) => a.min <= b.max && b.min <= a.max)
      .map((b) => `${a.name} (${show(a)}) must not overlap ${b.name} (${show(b)})`),
  );
}

const show = ({ min, max }: Range) => (min === max ? String(min) : `${min}-${max}`);
