import type { Config } from './config.ts';
import { resolveConfig } from './resolve.ts';
import { SETTINGS, type Setting, type Values } from './schema.ts';

export type { Config } from './config.ts';

/** Wrong settings: every fault at once, one line each. The start stops with it; it never reaches a client. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The settings are wrong:\n${faults.map((fault) => `  ${fault}`).join('\n')}\nSee docs/configuration.md.`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/**
 * Reads the product's settings, the only reading of the process's environment there is.
 * @returns the settings with every default filled in, frozen to the last leaf
 * @throws ConfigError naming every fault, never a secret's value
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const faults = new Map<string, string>();
  const values = Object.fromEntries(
    Object.entries<Setting>(SETTINGS).map(([name, setting]) => [name, parse(name, setting, env[name], faults)]),
  ) as Values;
  const between: string[] = [];
  const config = resolveConfig(values, between);
  // What a rule says about a variable that could not be read is beside the point.
  const relevant = between.filter((fault) => !fault.match(/[A-Z][A-Z0-9_]+/g)?.some((word) => faults.has(word)));
  const all = [...faults.values(), ...relevant];
  if (all.length > 0) throw new ConfigError(all);
  return deepFreeze(config);
}

function parse(name: string, setting: Setting, raw: string | undefined, faults: Map<string, string>): unknown {
  const value = raw?.trim();
  if (!value) return undefined;
  const parsed = setting.field.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const found = setting.secret ? '' : `, not ${JSON.stringify(value)}`;
  faults.set(name, `${name} must be ${setting.field.wanted}${found}`);
  return undefined;
}

function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const part of Object.values(value) as unknown[]) if (typeof part === 'object' && part !== null) deepFreeze(part);
  return Object.freeze(value);
}
