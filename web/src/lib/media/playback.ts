/** How a take is recorded where the browser sends H.264. What VP8 in WebM does is seen only when it is played. */
const CAPTURE_TYPE = 'video/mp4; codecs="avc1.42E01F, opus"';
/** After this many failures in a row the video itself is at fault, not its address. */
const MAX_RENEWALS = 2;
/** `MediaError.MEDIA_ERR_DECODE` and `MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED`. */
const UNSUPPORTED: readonly number[] = [3, 4];

/** Whether a browser plays takes as they were recorded, as far as it knows: not every one plays Opus in MP4. */
export function playsCaptures(video: Pick<HTMLMediaElement, 'canPlayType'>): boolean {
  return video.canPlayType(CAPTURE_TYPE) !== '';
}

/** The address of a take's copy that plays everywhere, which the server makes when it is first asked for. */
export function playEverywhere(url: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}play=everywhere`;
}

export interface PlaybackFailure {
  /** The failures since the video last played, this one included. */
  failures: number;
  /** The `code` of the element's MediaError. */
  errorCode: number | undefined;
  /** A new address can be had. */
  canRenew: boolean;
  /** There is a copy of another kind. */
  canConvert: boolean;
}

/**
 * What to do about a video that does not play. An address that has expired looks to the player like a kind of video that
 * it does not know, so a new address comes first.
 */
export function afterFailure({ failures, errorCode, canRenew, canConvert }: PlaybackFailure) {
  if (canRenew && failures === 1) return 'renew';
  if (canConvert && errorCode !== undefined && UNSUPPORTED.includes(errorCode)) return 'convert';
  return canRenew && failures <= MAX_RENEWALS ? 'renew' : 'give-up';
}
