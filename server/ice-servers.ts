import { createHmac } from 'node:crypto';
import type { Config } from '#config/load.ts';
import type { IceServer } from '#protocol/events.ts';
import type { Clock } from './clock.ts';

const TURN_CREDENTIALS_VALID_S = 6 * 3600;

/** TURN servers with credentials that expire (the REST scheme of draft-uberti-behave-turn-rest, as coturn has it). */
export function iceServers(config: Config, clock: Clock): IceServer[] {
  const { turn } = config.rtc;
  if (!turn) return [];
  const username = String(Math.floor(clock.now() / 1000) + TURN_CREDENTIALS_VALID_S);
  const credential = createHmac('sha1', turn.secret).update(username).digest('base64');
  return [{ urls: [...turn.urls], username, credential }];
}
