import { tick } from 'svelte';
import type * as z from 'zod';
import { ApiError } from './api-error.ts';

/** A message for each field at fault, keyed by its dotted path in the request. */
export type FieldErrors = Record<string, string>;

/** Says what is wrong with one field as a short sentence for a person. */
function issueText(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_big') {
    return issue.origin === 'string'
      ? `At most ${String(issue.maximum)} characters, please.`
      : `At most ${String(issue.maximum)}, please.`;
  }
  if (issue.code === 'invalid_format' && issue.format === 'email') return 'This is not an e-mail address.';
  const text = issue.message;
  if (!text.startsWith('must ')) return `${text}.`;
  return text === 'must not be empty' ? 'Please fill this in.' : `This ${text}.`;
}

/** The first message for each field. */
export function fieldErrors(error: z.ZodError): FieldErrors {
  const found: FieldErrors = {};
  for (const issue of error.issues) found[issue.path.join('.')] ??= issueText(issue);
  return found;
}

/** The server's objection to one field, or null when it was about something else. */
export function serverFieldError(error: unknown): FieldErrors | null {
  return error instanceof ApiError && error.field !== undefined ? { [error.field]: error.message } : null;
}

/** Brings the first field at fault into view, once the messages are on the page. */
export async function focusFirstError(form: HTMLElement | undefined): Promise<void> {
  await tick();
  form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
}
