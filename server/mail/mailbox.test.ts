import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ManualClock } from '#server/clock.ts';
import type { KeptMail } from './mail.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';

let server: Server;
let mailbox: Mailbox;
let port: number;

beforeEach(async () => {
  server = createServer((request, response) => {
    if (!mailbox.handle(request, response)) response.writeHead(404).end('not the mailbox');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
  mailbox = createMailbox({ publicUrl: `http://localhost:${port}`, productName: 'Goodtake', clock: new ManualClock() });
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

function ask(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string; policy: string; cookie: string; location: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      ...{ host: '127.0.0.1', port, path, agent: false },
      headers: { host: `localhost:${port}`, ...headers },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (part: string) => (text += part));
      const cookie = incoming.headers['set-cookie']?.[0] ?? '';
      const location = incoming.headers.location ?? '';
      const policy = String(incoming.headers['content-security-policy'] ?? '');
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, text, policy, cookie, location }));
    });
    outgoing.end();
  });
}

function mail(n: number): Parameters<Mailbox['add']>[0] {
  const html = '<p>Hello <script>alert(1)</script></p>';
  return {
    from: 'a@localhost',
    to: `b${n}@example.org`,
    subject: `<Mail> ${n}`,
    text: `text ${n}`,
    html,
    code: '012345',
  };
}

it('keeps the last 200 mails, newest first', async () => {
  for (let n = 1; n <= 203; n++) mailbox.add(mail(n));
  const mails = JSON.parse((await ask(`${mailbox.path}.json`)).text) as KeptMail[];
  expect(mails).toHaveLength(200);
  expect(mails[0]).toMatchObject({ to: 'b203@example.org', code: '012345', at: Date.UTC(2026, 0, 1) });
  expect(mails.at(-1)?.to).toBe('b4@example.org');
});

it('shows the list and each mail, with nothing of a mail run as a script', async () => {
  mailbox.add(mail(1));
  const list = await ask(mailbox.path);
  expect(list.text).toContain('&lt;Mail&gt; 1');
  expect(list.text).toContain('<strong class="code">012345</strong>');
  const one = await ask(`${mailbox.path}/1`);
  expect(one.text).toContain('text 1');
  const html = await ask(`${mailbox.path}/1/html`);
  expect(html.policy).toContain("default-src 'none'");
  expect(html.policy).toContain('sandbox');
  expect((await ask(`${mailbox.path}/2`)).status).toBe(404);
});

it('is for this machine and the public name only', async () => {
  mailbox.add(mail(1));
  const foreign = [
    { host: 'evil.example' },
    { host: `127.0.0.1:${port}` },
    { 'x-forwarded-for': '127.0.0.1' },
    { forwarded: 'for=127.0.0.1' },
  ];
  for (const headers of foreign) {
    const refused = await ask(`${mailbox.path}.json`, headers);
    expect(refused.status).toBe(403);
    expect(refused.text).not.toContain('012345');
  }
});

it('is for those who know its address: a proxy on this machine passes everybody on without a word', async () => {
  mailbox.add(mail(1));
  const token = mailbox.path.slice('/dev/mailbox/'.length);
  expect(token).toMatch(/^[\w-]{32}$/);
  const guesses = ['', '/', '/1', '/1/html', '/x', `/${'A'.repeat(32)}`, `/${'A'.repeat(32)}.json`, `/${token}x`];
  for (const guess of guesses) {
    const refused = await ask(`/dev/mailbox${guess}`);
    expect(refused.status, guess).toBe(403);
    expect(refused.text).not.toContain('012345');
    expect(refused.text + refused.cookie + refused.location).not.toContain(token);
  }
  const other = createMailbox({ publicUrl: 'http://localhost', productName: 'Goodtake', clock: new ManualClock() });
  expect(other.path).not.toBe(mailbox.path);
});

it('is found again by the browser that was there', async () => {
  const { cookie } = await ask(mailbox.path);
  expect(cookie).toMatch(/; Path=\/dev\/mailbox; HttpOnly; SameSite=Strict$/);
  const back = await ask('/dev/mailbox', { cookie: `a=b; ${cookie.split(';')[0]}` });
  expect([back.status, back.location]).toEqual([303, mailbox.path]);
  expect((await ask('/dev/mailbox', { cookie: 'mailbox=wrong' })).status).toBe(403);
  expect((await ask('/dev/mailbox/1', { cookie: cookie.split(';')[0] ?? '' })).status).toBe(403);
});

it('leaves other paths alone', async () => {
  for (const path of ['/', '/dev/mailboxes', '/dev/mailbox.json']) {
    expect((await ask(path)).text).toBe('not the mailbox');
  }
});
