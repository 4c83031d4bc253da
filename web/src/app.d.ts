import type { ErrorCode } from '#protocol/errors.ts';

declare global {
  namespace App {
    interface Error {
      message: string;
      /** The server's error code, when the error came from there. */
      code?: ErrorCode;
    }
  }
}

export {};
