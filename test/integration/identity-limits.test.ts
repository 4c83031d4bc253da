import { expect, it } from 'vitest';
import { DEFAULT_SIGN_IN_LIMITS, type SignInLimits } from '#server/identity/sign-in-limits.ts';
import { authorizeRequest, Browser, follow, lastCode } from './identity-harness.ts';
import { setStage } from './identity-stage.ts';

const OWNER = 'maria@example.org';
const MINUTE_MS = 60_000;
const QUARTER_HOUR_MS = 15 * MINUTE_MS;

const stage = setStage();

/** Somebody at a network address of their own. */
function visitor(client: string) {
  const browser = new Browser(stage.server);
  const from = { 'x-forwarded-for': client };
  const begin = async () => (await browser.get(authorizeRequest(stage.server).address)).location;
  return {
    /** Begins a sign-in and asks for a code. */
    async ask(email: string): Promise<{ status: number; text: string; page: string }> {
      const page = await begin();
      const { status, text } = await browser.post(page, { email }, from);
      return { status, text: text.replaceAll(email, '<address>'), page };
    },
    async type(page: string, code: string): Promise<number> {
      const reply = await browser.post(`${page}/code`, { code }, from);
      if (reply.location.includes('/oidc/authorize/')) await follow(browser, stage.server, reply);
      return reply.status;
    },
    /** Ends the session, as signing out does: the next sign-in asks for a code again. */
    async leave(): Promise<void> {
      await browser.get('/oidc/v2/logout');
    },
  };
}

/** A server behind a proxy, at the beginning of a window of every limit. */
async function restart(limits: Partial<SignInLimits> = {}): Promise<void> {
  await stage.restart({
    now: Date.UTC(2026, 5, 1),
    overrides: { trustProxy: ['loopback'], limits: { ...DEFAULT_SIGN_IN_LIMITS, ...limits } },
  });
}
const wrong = (email: string) => (lastCode(stage.server, email) === '000000' ? '000001' : '000000');

it('limits the mails that one client asks for', async () => {
  await restart({ mailsPerClient: 3 });
  const client = visitor('192.0.2.1');
  const statuses: number[] = [];
  for (const name of ['a', 'b', 'c', 'd']) statuses.push((await client.ask(`${name}@example.org`)).status);
  expect(statuses).toEqual([303, 303, 303, 429]);
});

it('leaves the owner of an address their code, whatever a stranger has asked for', async () => {
  await restart();
  const stranger = visitor('192.0.2.66');
  const statuses: number[] = [];
  for (let n = 0; n < 31; n++) statuses.push((await stranger.ask(OWNER)).status);
  expect(statuses.filter((status) => status === 303)).toHaveLength(10);
  const owner = visitor('192.0.2.1');
  const { status, page } = await owner.ask(OWNER);
  expect(status).toBe(303);
  expect(await owner.type(page, lastCode(stage.server, OWNER))).toBe(303);
});

it('lays a growing delay between the mails that many clients ask for, of a quarter hour at most', async () => {
  await restart({ mailsPerAddressAndDay: 4 });
  let client = 0;
  const ask = async () => (await visitor(`192.0.2.${(client += 1)}`).ask(OWNER)).status;
  for (let n = 0; n < 4; n++) expect(await ask()).toBe(303);
  // The first at each step of the delay is sent; from the last step on it is one mail a quarter hour.
  for (let n = 0; n < 5; n++) expect(await ask()).toBe(303);
  for (let n = 0; n < 5; n++) expect(await ask()).toBe(429);
  stage.server.clock.advance(QUARTER_HOUR_MS);
  expect(await ask()).toBe(303);
  expect(await ask()).toBe(429);
});

it('lets a browser that the owner has signed in with pass by that delay', async () => {
  await restart({ mailsPerAddressAndDay: 1 });
  const owner = visitor('192.0.2.1');
  const first = await owner.ask(OWNER);
  await owner.type(first.page, lastCode(stage.server, OWNER));
  await owner.leave();
  for (let n = 0; n < 12; n++) await visitor(`198.51.100.${n}`).ask(OWNER);
  expect((await visitor('192.0.2.1').ask(OWNER)).status).toBe(429);
  expect((await owner.ask(OWNER)).status).toBe(303);
  // What it knows is one address: another one is asked for as by anybody.
  for (let n = 0; n < 6; n++) await visitor(`198.51.100.${n}`).ask('nora@example.org');
  expect((await owner.ask('nora@example.org')).status).toBe(429);
});

it('refuses further tries from a client that was wrong too often, whatever the address', async () => {
  await restart({ wrongCodesPerClient: 7 });
  const guesser = visitor('192.0.2.66');
  const statuses: number[] = [];
  for (const email of ['a@example.org', 'b@example.org']) {
    const { page } = await guesser.ask(email);
    for (let n = 0; n < 5; n++) statuses.push(await guesser.type(page, wrong(email)));
  }
  expect(statuses).toEqual([...Array.from({ length: 7 }, () => 400), 429, 429, 429]);
  // A right one is refused too, or the answer would tell.
  const late = await guesser.ask('c@example.org');
  expect(await guesser.type(late.page, lastCode(stage.server, 'c@example.org'))).toBe(429);
  const other = visitor('192.0.2.1');
  const { page } = await other.ask(OWNER);
  expect(await other.type(page, lastCode(stage.server, OWNER))).toBe(303);
  stage.server.clock.advance(QUARTER_HOUR_MS);
  const again = await guesser.ask('c@example.org');
  expect(await guesser.type(again.page, lastCode(stage.server, 'c@example.org'))).toBe(303);
});

it('does not count right codes', async () => {
  await restart({ wrongCodesPerClient: 1 });
  for (const email of ['a@example.org', 'b@example.org', 'c@example.org']) {
    const person = visitor('192.0.2.1');
    const { page } = await person.ask(email);
    expect(await person.type(page, lastCode(stage.server, email))).toBe(303);
  }
});

it('while many clients guess, refuses those that were wrong three times, and nobody else', async () => {
  await restart({ wrongCodesInAll: 8 });
  const guessers = [1, 2, 3, 4].map((n) => visitor(`192.0.2.${n}`));
  const pages = await Promise.all(guessers.map((one, n) => one.ask(`g${n}@example.org`)));
  const round = () => Promise.all(guessers.map((one, n) => one.type(pages[n]?.page ?? '', wrong(`g${n}@example.org`))));
  for (let n = 0; n < 3; n++) expect(await round()).toEqual([400, 400, 400, 400]);
  expect(await round()).toEqual([429, 429, 429, 429]);
  const owner = visitor('192.0.2.200');
  const { page } = await owner.ask(OWNER);
  expect(await owner.type(page, wrong(OWNER))).toBe(400);
  expect(await owner.type(page, lastCode(stage.server, OWNER))).toBe(303);
});

it('gives no hint whether an address is known, at a limit neither', async () => {
  await restart({ mailsPerAddressAndClient: 2 });
  const owner = visitor('192.0.2.1');
  const { page } = await owner.ask(OWNER);
  await owner.type(page, lastCode(stage.server, OWNER));
  const answers = async (client: string, email: string) => {
    const stranger = visitor(client);
    const seen = [];
    for (let n = 0; n < 4; n++) {
      const { status, text } = await stranger.ask(email);
      seen.push({ status, text: text.replaceAll(/interaction\/[\w-]+/g, 'interaction/<uid>') });
    }
    return seen;
  };
  expect(await answers('192.0.2.66', OWNER)).toEqual(await answers('192.0.2.67', 'nobody@example.org'));
});
