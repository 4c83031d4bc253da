/** Why camera and microphone cannot be used, from the person's point of view. */
export type MediaProblemKind =
  'denied' | 'denied-by-system' | 'missing' | 'busy' | 'insecure' | 'unsupported' | 'unknown';

export interface MediaProblem {
  kind: MediaProblemKind;
  /** Which device is at fault, where that is known. */
  device: 'camera' | 'microphone' | 'both';
}

/** What the browser says of itself, as far as the ways out differ. */
export type BrowserFamily =
  'safari-ios' | 'other-ios' | 'chrome-android' | 'firefox' | 'safari' | 'edge' | 'chrome' | 'in-app' | 'other';

/** Applications that show links in a browser of their own, which often has no camera. */
const IN_APP = /FBAN|FBAV|FB_IAB|Instagram|Line\/|MicroMessenger|Snapchat|LinkedInApp|TikTok|musical_ly|GSA\//;

/** The family of a browser by its user agent; only ever used for wording. */
export function browserFamily(userAgent: string): BrowserFamily {
  if (IN_APP.test(userAgent)) return 'in-app';
  if (/iPhone|iPad|iPod/.test(userAgent)) return /CriOS|FxiOS|EdgiOS/.test(userAgent) ? 'other-ios' : 'safari-ios';
  if (/Firefox\//.test(userAgent)) return 'firefox';
  if (/Edg\//.test(userAgent)) return 'edge';
  if (/Android/.test(userAgent) && /Chrome\//.test(userAgent)) return 'chrome-android';
  if (/Chrome\//.test(userAgent)) return 'chrome';
  if (/Safari\//.test(userAgent)) return 'safari';
  return 'other';
}

/** What is known about the page when `getUserMedia` fails. */
export interface MediaSurroundings {
  secure: boolean;
  supported: boolean;
  /** Kinds of devices that the browser lists. */
  hasCamera: boolean;
  hasMicrophone: boolean;
}

/** Finds out what a failed `getUserMedia` means. */
export function classifyMediaError(error: unknown, surroundings: MediaSurroundings): MediaProblem {
  if (!surroundings.secure) return { kind: 'insecure', device: 'both' };
  if (!surroundings.supported) return { kind: 'unsupported', device: 'both' };
  const name = error instanceof Error ? error.name : '';
  const message = error instanceof Error ? error.message : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      // Chrome's words when the operating system, not the person, keeps the device back.
      return { kind: /system/i.test(message) ? 'denied-by-system' : 'denied', device: 'both' };
    case 'NotFoundError':
    case 'OverconstrainedError':
      return { kind: 'missing', device: missingDevice(surroundings) };
    case 'NotReadableError':
    case 'AbortError':
      return {
        kind: 'busy',
        device: /audio/i.test(message) ? 'microphone' : /video/i.test(message) ? 'camera' : 'both',
      };
    default:
      return { kind: 'unknown', device: 'both' };
  }
}

function missingDevice({ hasCamera, hasMicrophone }: MediaSurroundings): MediaProblem['device'] {
  if (hasCamera && !hasMicrophone) return 'microphone';
  if (hasMicrophone && !hasCamera) return 'camera';
  return 'both';
}
