import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { codeMail } from './code-mail.ts';
import { createLogger } from '#server/log.ts';
import { createMailer, type Mailer } from './mailer.ts';

/** The little of SMTP (RFC 5321) that takes a mail. */
let server: Server;
let received: string[];
let refuse: boolean;
let mailer: Mailer;

function talk(socket: Socket): void {
  let inData = false;
  const say = (line: string) => socket.write(`${line}\r\n`);
  say('220 test ESMTP');
  socket.on('error', () => undefined);
  createInterface({ input: socket }).on('line', (line) => {
    if (inData) {
      received.push(line);
      if (line !== '.') return;
      inData = false;
      say('250 taken');
    } else if (line.startsWith('RCPT') && refuse) say('550 no such mailbox');
    else if (line.startsWith('DATA')) {
      inData = true;
      say('354 go on');
    } else if (line.startsWith('QUIT')) socket.end('221 bye\r\n');
    else say('250 ok');
  });
}

beforeEach(async () => {
  received = [];
  refuse = false;
  server = createServer(talk).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const smtpUrl = `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const log = createLogger('silent');
  mailer = createMailer({ smtpUrl, from: '"Goodtake" <no-reply@example.org>', mailbox: null, log });
});
afterEach(async () => {
  mailer.close();
  server.close();
  await once(server, 'close');
});

const mail = codeMail({ to: 'maria@example.org', code: '042137', productName: 'Good & take', validMs: 600_000 });

it('hands a mail over as text and as HTML', async () => {
  await mailer.send(mail);
  const text = received.join('\n');
  expect(text).toMatch(/^From: "?Goodtake"? <no-reply@example.org>$/m);
  expect(text).toMatch(/^To: maria@example.org$/m);
  expect(text).toContain('042137 is your Good & take code');
  expect(text).toContain('multipart/alternative');
  expect(text).toContain('within 10 minutes');
  expect(text).toContain('Good &amp; take');
});

it('says that the mail could not be sent when the server refuses or is gone', async () => {
  refuse = true;
  await expect(mailer.send(mail)).rejects.toMatchObject({ code: 'unavailable' });
  const log = createLogger('silent');
  const nowhere = createMailer({ smtpUrl: 'smtp://127.0.0.1:1', from: 'a@example.org', mailbox: null, log });
  await expect(nowhere.send(mail)).rejects.toMatchObject({ code: 'unavailable' });
  nowhere.close();
});
