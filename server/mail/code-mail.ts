import { escapeHtml } from './html.ts';
import type { Mail } from './mail.ts';

const MS_PER_MIN = 60_000;

/** The mail that carries a sign-in code, as plain text and as HTML. */
export function codeMail(options: { to: string; code: string; productName: string; validMs: number }): Mail {
  const { to, code, productName, validMs } = options;
  const minutes = Math.round(validMs / MS_PER_MIN);
  const valid = `It works once, within ${minutes} minutes, in the window where you asked for it.`;
  const ignore = 'If it was not you who asked, ignore this mail: nobody can sign in without the code.';
  const name = escapeHtml(productName);
  return {
    to,
    subject: `${code} is your ${productName} code`,
    code,
    text: [`Your code to sign in to ${productName}:`, '', `    ${code}`, '', valid, ignore, ''].join('\n'),
    html: `<!doctype html>
<html lang="en">
<body style="margin:0;padding:24px;background:#faf9f5;color:#14201b;font:17px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif">
<div style="max-width:440px;margin:0 auto;padding:32px;background:#ffffff;border:1px solid #dcdcd2;border-radius:14px">
<p style="margin:0 0 16px">Your code to sign in to ${name}:</p>
<p style="margin:0 0 16px;font-size:34px;font-weight:700;letter-spacing:6px;color:#0f6b4f">${code}</p>
<p style="margin:0 0 16px">${valid}</p>
<p style="margin:0;color:#5b665f">${ignore}</p>
</div>
</body>
</html>
`,
  };
}
