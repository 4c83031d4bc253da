import type { FastifyHelmetOptions } from '@fastify/helmet';

const YEAR_S = 365 * 24 * 3600;

/** The features that pages of this origin may use; camera and microphone are what the product is about. */
export const PERMISSIONS_POLICY =
  'camera=(self), microphone=(self), screen-wake-lock=(self), geolocation=(), payment=()';

/**
 * The security headers of every answer.
 * @param options.scriptHashes CSP hashes of the page's inline scripts, quotes included
 * @param options.issuerOrigin where the web application signs in: it fetches tokens there and opens a hidden frame
 */
export function securityHeaders(options: {
  publicUrl: string;
  issuerOrigin: string;
  scriptHashes: readonly string[];
}): FastifyHelmetOptions {
  const { publicUrl, issuerOrigin, scriptHashes } = options;
  const { protocol, host, origin } = new URL(publicUrl);
  const secure = protocol === 'https:';
  // Older Safari does not count web sockets as 'self'.
  const sockets = `${secure ? 'wss' : 'ws'}://${host}`;
  const issuer = issuerOrigin === origin ? [] : [issuerOrigin];
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'script-src': ["'self'", ...scriptHashes],
        'script-src-attr': ["'none'"],
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        'media-src': ["'self'", 'blob:'],
        'worker-src': ["'self'", 'blob:'],
        'connect-src': ["'self'", sockets, ...issuer],
        'frame-src': ["'self'", ...issuer],
        'object-src': ["'none'"],
        'base-uri': ["'self'"],
        'form-action': ["'self'", ...issuer],
        'frame-ancestors': ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: secure ? { maxAge: YEAR_S, includeSubDomains: false } : false,
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginEmbedderPolicy: false,
    crossOriginResourcePolicy: { policy: 'same-origin' },
  };
}
