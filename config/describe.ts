import { SETTINGS, type Setting } from './schema.ts';

const INTRODUCTION = `# Settings

Every setting is an environment variable. None is needed to try the product on one machine; a wrong one stops the start,
and every fault is named at once. An empty variable counts as an absent one.

This page is made from \`config/schema.ts\` by \`npm run docs\`.
`;

/** All settings as a Markdown page, not yet formatted. */
export function describeSettings(): string {
  const settings = Object.entries<Setting>(SETTINGS);
  const groups = [...new Set(settings.map(([, { group }]) => group))];
  const sections = groups.map((group) => {
    const rows = settings.filter(([, setting]) => setting.group === group).map(describeRow);
    return [
      `## ${group}`,
      '',
      '| variable | what it is | must be | without it |',
      '| --- | --- | --- | --- |',
      ...rows,
    ].join('\n');
  });
  return [INTRODUCTION, ...sections].join('\n\n');
}

function describeRow([name, { description, field, otherwise, unit, secret }]: [string, Setting]): string {
  const notes = [description, unit ? `In ${unit}.` : '', secret ? 'A secret: never logged.' : ''];
  const cells = [`\`${name}\``, notes.filter(Boolean).join(' '), field.wanted, otherwise];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
