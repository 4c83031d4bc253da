import type { Mail } from './mail.ts';
import { createTransport } from 'nodemailer';
import { AppError } from '#protocol/errors.ts';
import type { Logger } from '#server/log.ts';
import type { Mailbox } from './mailbox.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const GREETING_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 20_000;

export interface Mailer {
  /**
   * Hands the mail over; resolves when the mail server has accepted it.
   * @throws AppError `unavailable` when it has not
   */
  send(mail: Mail): Promise<void>;
  close(): void;
}

/**
 * Sends through the SMTP server, or into the development mailbox when there is none.
 * @param options.smtpUrl such as `smtps://user:password@mail.example.org`; null for none
 * @param options.from the sender, an address or `Name <address>`
 * @param options.mailbox where mails go without an SMTP server
 */
export function createMailer(options: {
  smtpUrl: string | null;
  from: string;
  mailbox: Mailbox | null;
  log: Logger;
}): Mailer {
  const { smtpUrl, from, mailbox, log } = options;
  if (smtpUrl === null) {
    if (!mailbox) throw new Error('a mailer needs an SMTP server or a development mailbox');
    return {
      send(mail) {
        mailbox.add({ ...mail, from });
        return Promise.resolve();
      },
      close: () => undefined,
    };
  }
  const transport = createTransport({
    url: smtpUrl,
    pool: true,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: GREETING_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
  });
  return {
    async send({ to, subject, text, html }) {
      try {
        await transport.sendMail({ from, to, subject, text, html });
      } catch (cause) {
        // The server's answer may repeat the address, so only its kind is logged.
        log.error({ reason: reasonOf(cause) }, 'mail was not accepted');
        throw new AppError('unavailable', 'The mail could not be sent. Please try again in a moment.', { cause });
      }
    },
    close: () => transport.close(),
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return 'unknown';
}
