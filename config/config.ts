/** Every setting, in the shape that the parts of the server take them. */
export interface Config {
  productName: string;
  logLevel: string;
  /** The public origin, without a slash at its end. */
  publicUrl: string;
  /** Whether the public origin is on this machine alone: then development conveniences are allowed. */
  isLocal: boolean;
  http: {
    host: string;
    port: number;
    /** Proxies whose forwarding headers are believed, as Fastify's `trustProxy` takes them; `false` for none. */
    trustProxy: string[] | false;
  };
  /** Absolute. */
  dataDir: string;
  /** `null`: taken from, or made into, the data folder by `loadSecretKey`. */
  secretKey: string | null;
  mongodb: {
    /** `null` when an embedded mongod is to run, as the other three say. */
    url: string | null;
    mongodPath: string;
    mongodPort: number;
    /** Absolute; the embedded database's files. */
    directory: string;
  };
  storage: { kind: 'folder'; directory: string } | S3Config;
  video: { urlTtlMs: number };
  identity:
    | { kind: 'embedded'; clientId: string; audience: string }
    | { kind: 'issuer'; issuer: string; clientId: string; audience: string; emailClaim: string | null };
  /** `smtpUrl` is null when mails go to the development mailbox. */
  mail: { smtpUrl: string | null; from: string };
  rtc: {
    listenIp: string;
    announcedAddress: string;
    /** Worker number n listens for browsers on UDP and TCP port `portMin + n`. */
    portMin: number;
    workers: number;
    /** The range, ends included, of the workers' plain transports. */
    workerPortMin: number;
    workerPortMax: number;
    /** `null`: the binary in the mediasoup package. */
    workerPath: string | null;
    turn: { urls: string[]; secret: string } | null;
  };
  recorder: {
    /** Absolute; holds takes while they are recorded and until they are stored or deleted. */
    directory: string;
    /** The range, ends included, that ffmpeg listens in. */
    portMin: number;
    portMax: number;
    ffmpegPath: string;
    ffprobePath: string;
    minFreeBytes: number;
  };
}

export interface S3Config {
  kind: 's3';
  /** `null`: Amazon's for the region. */
  endpoint: string | null;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
  forcePathStyle: boolean;
}
