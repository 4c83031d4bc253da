/** Whatever is not a test: tests may reach for fixtures and for what they check against. */
const CODE = '\\.test\\.ts$';

/**
 * Nothing below `from` may import what `to` matches.
 * @param {string} name
 * @param {string} comment why
 * @param {string} from
 * @param {string | string[]} to
 * @param {string | string[]} [except]
 */
const forbid = (name, comment, from, to, except = []) => ({
  name,
  comment,
  severity: /** @type {const} */ ('error'),
  from: { path: from, pathNot: CODE },
  to: { path: to, pathNot: except },
});

/**
 * A package that only some files import.
 * @param {string} name
 * @param {string[]} users
 */
const only = (name, users) => ({
  name: `only-some-import-${name}`,
  comment: `${name} is imported by ${users.join(' and ')} alone, so that it can be replaced there.`,
  severity: /** @type {const} */ ('error'),
  from: { path: '^(protocol|config|recorder|server|web/src)/', pathNot: [...users, CODE] },
  to: { path: `^node_modules/${name}/` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Modules that need each other are one module, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that leads nowhere fails when it is too late.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(\\$app|\\$env|\\$lib|#lib)' },
    },
    {
      name: 'no-development-packages-in-production',
      comment: 'A deployment installs without them.',
      severity: 'error',
      from: { path: '^(protocol|config|recorder|server)/', pathNot: [CODE, '^config/setup/'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },

    forbid('protocol-is-the-bottom', 'The contract knows nobody.', '^protocol/', '.', [
      '^protocol/',
      '^node_modules/zod/',
    ]),
    forbid(
      'config-knows-nobody',
      'Settings are read before all else. The script that writes the pages made from the code is no setting.',
      '^config/(?!setup/docs\\.ts$)',
      '^(protocol|recorder|server|web|test)/',
    ),
    forbid(
      'recorder-knows-takes-and-files',
      'It knows no users, sockets or database.',
      '^recorder/',
      '^(server|web|test)/',
    ),
    forbid('server-serves', 'It serves the web build, it does not import it.', '^server/', '^(web|test)/'),
    forbid('web-knows-the-contract', 'Only the contract is shared.', '^web/src/', '^(config|recorder|server|test)/'),

    forbid('store-is-below', 'Repositories know data, not rules.', '^server/store/', '^(recorder|server)/', [
      '^server/store/',
      // Types of the domain, and the clock and log that everything takes.
      '^server/interviews/session',
      '^server/(clock|log)\\.ts$',
    ]),
    forbid('sfu-is-below', 'Rooms know media, not rules.', '^server/sfu/', '^server/', [
      '^server/sfu/',
      '^server/(clock|log)\\.ts$',
    ]),
    forbid(
      'interviews-are-in-the-middle',
      'Rules know no transport.',
      '^server/interviews/',
      '^server/(http|signalling)/',
    ),
    forbid(
      'http-beside-signalling',
      'Siblings do not import each other.',
      '^server/http/',
      '^server/(signalling|sfu|jobs)/',
    ),
    forbid(
      'signalling-beside-http',
      'Siblings do not import each other.',
      '^server/signalling/',
      '^server/(http|jobs)/',
    ),
    forbid('identity-is-beside', 'Who somebody is, never what they may.', '^server/(identity|mail)/', [
      '^recorder/',
      '^server/(http|signalling|interviews|sfu|jobs)/',
    ]),
    forbid('wiring-is-on-top', 'Parts are handed to each other there.', '^server/[^/]+/', '^server/(app|main)\\.ts$'),

    only('mongoose', ['^server/store/']),
    only('mongodb', ['^server/store/', '^config/']),
    only('mediasoup', ['^server/sfu/']),
    only('fluent-ffmpeg', ['^recorder/ffmpeg\\.ts$']),
    only('@aws-sdk', ['^recorder/storage/']),
    only('oidc-provider', ['^server/identity/']),
    only('nodemailer', ['^server/mail/']),
    only('socket\\.io', ['^server/signalling/']),
    only('fastify', ['^server/http/']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^web/build/', '\\.svelte-kit/', '^config/mediasoup-worker/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types', 'svelte'],
      extensions: ['.ts', '.mjs', '.js', '.svelte', '.d.ts'],
    },
  },
};
