import type { Page } from 'playwright';
import type { TestServer } from '#test/support/server.ts';

/**
 * Signs in on the issuer's pages, as a person does who reads the mail, and tells the name at a first visit.
 * Ends when `arrived` resolves: the page that the person wanted.
 */
export async function signIn(
  page: Page,
  server: TestServer,
  options: { email: string; name: string; arrived: () => Promise<unknown> },
): Promise<void> {
  const since = Date.now();
  await page.getByLabel('E-mail address').fill(options.email);
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await page.getByLabel('Code').fill(await server.codeFor(options.email, since));
  await page.getByRole('button', { name: 'Continue' }).click();
  const name = page.getByLabel('Your name');
  const arrived = options.arrived();
  await Promise.race([arrived, name.waitFor()]);
  if (await name.isVisible()) {
    await name.fill(options.name);
    await page.getByRole('button', { name: 'Continue' }).click();
  }
  await arrived;
}
