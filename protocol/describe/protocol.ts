import type * as z from 'zod';
import { meView, organisationInput, profileInput, publicConfig } from '../account.ts';
import { ERROR_STATUS } from '../errors.ts';
import { requests } from '../events.ts';
import { interviewInput, interviewRow, interviewView, question, questionInput } from '../interview.ts';
import { dtlsParameters, rtpParameters } from '../media.ts';
import { routes, type Route } from '../routes.ts';
import * as session from '../session.ts';
import { describeSchema } from './schema.ts';
import { ERROR_MEANINGS, PUSH_MEANINGS, REQUEST_MEANINGS } from './words.ts';

const INTRODUCTION = `# The protocol

What browsers and the server say to each other. \`protocol/\` is the source: both sides parse and type by it.
This page is made from it by \`npm run docs\`.

Ids are 24 hex digits; questions and takes have short random ids. Instants (\`...At\`, \`now\`) are milliseconds since 1970
UTC by the server's clock, spans (\`...Ms\`) milliseconds, sizes bytes. A field
that is not listed is refused, but for WebRTC parameters, where it is dropped.`;

const HTTP = `## HTTP

Bodies are JSON. The access token goes into \`Authorization: Bearer ...\`. Who may call: **public**, anybody; **token**, a
valid access token; **person**, a token of somebody who has said their name; **recruiter**, a person in an organisation
(a reviewer may only read). An error is \`application/problem+json\` (RFC 9457) with \`code\`, \`detail\` and, where one is
at fault, \`field\`. What belongs to somebody else answers \`not_found\`.`;

const OTHER_ADDRESSES = `Beside these: \`GET /media/:token\` plays a video by its signed, short-lived address (byte ranges,
\`Cache-Control: no-store\`); \`GET /healthz\` and \`GET /readyz\`; with the embedded issuer everything below \`/oidc\`;
without an SMTP server \`/dev/mailbox\`, on the machine itself only.`;

const SOCKET = `## socket.io

A candidate's page connects with \`auth: { token }\`. Each request carries one object and is acknowledged by
\`{ ok: true, data }\` or \`{ ok: false, error: { code, message, field?, id? } }\`. A page sends \`session:join\` first. Requests
of one page are carried out one after another. When the token has expired, requests answer \`token_expired\` until
\`auth:renew\` brings a new one; a running take goes on meanwhile. Until then what is
pushed carries no video addresses, and from two minutes after the expiry nothing is pushed. A message may have 256 KiB.

One person may, over all their connections, have 32 requests waiting and make 200 at once, which come back at 20 a second;
what is more is answered with \`rate_limited\`, and whoever goes on all the same is disconnected. A connection counts as a
request. Of more than 16 connections of a person the oldest is ended.`;

/** What is written by its name; each is shown once, below. */
const SHAPES: Record<string, { schema: z.ZodType; io: 'input' | 'output' }> = {
  PublicConfig: { schema: publicConfig, io: 'output' },
  ProfileInput: { schema: profileInput, io: 'input' },
  OrganisationInput: { schema: organisationInput, io: 'input' },
  MeView: { schema: meView, io: 'output' },
  QuestionInput: { schema: questionInput, io: 'input' },
  InterviewInput: { schema: interviewInput, io: 'input' },
  Question: { schema: question, io: 'output' },
  InterviewView: { schema: interviewView, io: 'output' },
  InterviewRow: { schema: interviewRow, io: 'output' },
  ConsentInput: { schema: session.consentInput, io: 'input' },
  GateView: { schema: session.gateView, io: 'output' },
  SessionView: { schema: session.sessionView, io: 'output' },
  CandidateQuestionView: { schema: session.candidateQuestionView, io: 'output' },
  TakeView: { schema: session.takeView, io: 'output' },
  PublishView: { schema: session.publishView, io: 'output' },
  SessionRow: { schema: session.sessionRow, io: 'output' },
  SessionDetail: { schema: session.sessionDetail, io: 'output' },
  MySessionRow: { schema: session.mySessionRow, io: 'output' },
  MySessionDetail: { schema: session.mySessionDetail, io: 'output' },
  AnswerView: { schema: session.answerView, io: 'output' },
  DtlsParameters: { schema: dtlsParameters, io: 'input' },
  RtpParameters: { schema: rtpParameters, io: 'input' },
};
const NAMES = new Map(Object.entries(SHAPES).map(([name, { schema }]) => [schema, name]));

/** The whole contract as a Markdown page, not yet formatted. */
export function describeProtocol(): string {
  return [
    INTRODUCTION,
    HTTP,
    table(['call', 'who', 'sends', 'receives', 'what it does'], Object.values<Route>(routes).map(routeRow)),
    OTHER_ADDRESSES,
    SOCKET,
    '### Requests',
    table(
      ['request', 'body', 'what it does'],
      Object.entries(requests).map(([name, schema]) => [
        code(name),
        inline(schema, 'input'),
        REQUEST_MEANINGS[name as keyof typeof requests],
      ]),
    ),
    '### Pushes',
    table(
      ['push', 'what it tells'],
      Object.entries(PUSH_MEANINGS).map(([name, meaning]) => [code(name), meaning]),
    ),
    '## Error codes',
    table(
      ['code', 'HTTP', 'meaning'],
      Object.entries(ERROR_STATUS).map(([name, status]) => [
        code(name),
        String(status),
        ERROR_MEANINGS[name as keyof typeof ERROR_STATUS],
      ]),
    ),
    '## Shapes',
    ...Object.entries(SHAPES).map(([name, shape]) => `### ${name}\n\n\`\`\`ts\n${shapeText(shape)}\n\`\`\``),
  ].join('\n\n');
}

function routeRow(route: Route): string[] {
  const { method, path, access, query, body, reply, summary } = route;
  const sent = [...(query ? [`query ${inline(query, 'input')}`] : []), ...(body ? [inline(body, 'input')] : [])];
  return [code(`${method} ${path}`), access, sent.join(' '), inline(reply, 'output'), summary];
}

/** A schema on one line. */
function inline(schema: z.ZodType, io: 'input' | 'output'): string {
  const text = describeSchema(schema, io, NAMES).replaceAll(/\s+/g, ' ').replaceAll('; }', ' }');
  return code(text);
}

/** A named schema with the names of others in it, but not its own. */
function shapeText({ schema, io }: { schema: z.ZodType; io: 'input' | 'output' }): string {
  const others = new Map([...NAMES].filter(([other]) => other !== schema));
  return describeSchema(schema, io, others);
}

const code = (text: string) => `\`${text}\``;

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
