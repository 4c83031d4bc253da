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
): Promise<{ status: number; text: string; policy: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      ...{ host: '127.0.0.1', port, path, agent: false },
      headers: { host: `localhost:${port}`, ...headers },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (part: string) => (text += part));
      const policy = String(incoming.headers['content-security-policy'] ?? '');
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, text, policy }));
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
  const mails = JSON.parse((await ask('/dev/mailbox.json')).text) as KeptMail[];
  expect(mails).toHaveLength(200);
  expect(mails[0]).toMatchObject({ to: 'b203@example.org', code: '012345', at: Date.UTC(2026, 0, 1) });
  expect(mails.at(-1)?.to).toBe('b4@example.org');
});

it('shows the list and each mail, with nothing of a mail run as a script', async () => {
  mailbox.add(mail(1));
  const list = await ask('/dev/mailbox');
  expect(list.text).toContain('&lt;Mail&gt; 1');
  expect(list.text).toContain('<strong class="code">012345</strong>');
  const one = await ask('/dev/mailbox/1');
  expect(one.text).toContain('text 1');
  const html = await ask('/dev/mailbox/1/html');
  expect(html.policy).toContain("default-src 'none'");
  expect(html.policy).toContain('sandbox');
  expect((await ask('/dev/mailbox/2')).status).toBe(404);
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
    const refused = await ask('/dev/mailbox.json', headers);
    expect(refused.status).toBe(403);
    expect(refused.text).not.toContain('012345');
  }
});

it('leaves other paths alone', async () => {
  for (const path of ['/', '/dev/mailboxes', '/dev/mailbox.jsonx']) {
    expect((await ask(path)).text).toBe('not the mailbox');
  }
});
