export interface Mail {
  to: string;
  subject: string;
  text: string;
  html: string;
  /** A code that the mail carries: the development mailbox shows it large. */
  code?: string;
}

/** A mail that was kept instead of sent. `at` in milliseconds since 1970 UTC. */
export interface KeptMail extends Omit<Mail, 'code'> {
  id: number;
  at: number;
  from: string;
  code: string | null;
}
