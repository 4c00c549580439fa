import { isServiceLink, type Environment } from './names.ts';

/** Every problem of a configuration at once, a line each. The message is those lines. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

export interface ReadOptions<T> {
  /** What the variable takes, to follow "it takes". */
  readonly takes: string;
  /** Undefined: not such a value. */
  readonly parse: (value: string) => T | undefined;
  /** Never shown, not even when it is wrong. */
  readonly secret?: boolean;
}

/** Reads variables one by one and collects what is wrong with them. An empty variable counts as not set. */
export class EnvironmentReader {
  readonly problems: string[] = [];
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** The value as it is, without space around it; null where it is not set. */
  raw(name: string): string | null {
    const value = this.#env[name]?.trim() ?? '';
    return value === '' || isServiceLink(name, value) ? null : value;
  }

  read<T, F>(name: string, fallback: F, options: ReadOptions<T>): T | F {
    const value = this.raw(name);
    if (value === null) return fallback;
    const parsed = options.parse(value);
    if (parsed !== undefined) return parsed;
    const shown = options.secret === true ? 'is not valid' : `is ${JSON.stringify(shorten(value))}`;
    this.refuse(`${name} ${shown}; it takes ${options.takes}.`);
    return fallback;
  }

  refuse(problem: string): void {
    this.problems.push(problem);
  }
}

const shorten = (value: string): string => (value.length > 60 ? `${value.slice(0, 60)}…` : value);

/** A whole number from `least` to `most`, in digits only. */
export const wholeNumber =
  (least: number, most: number) =>
  (value: string): number | undefined => {
    const number = Number(value);
    return /^\d{1,15}$/.test(value) && number >= least && number <= most ? number : undefined;
  };

export const oneOf =
  <const T extends string>(values: readonly T[]) =>
  (value: string): T | undefined =>
    values.find((candidate) => candidate === value);

/** An address of one of these schemes (`https:`), with a host, as it was written. */
export const addressOf =
  (...schemes: readonly string[]) =>
  (value: string): string | undefined => {
    const url = URL.canParse(value) ? new URL(value) : null;
    return url !== null && schemes.includes(url.protocol) && url.hostname !== '' ? value : undefined;
  };

/** Items between commas, without empty ones; undefined if any is not valid or there are none. */
export const listOf =
  (parseItem: (item: string) => string | undefined) =>
  (value: string): readonly string[] | undefined => {
    const items = value.split(',').map((item) => item.trim());
    const parsed = items.filter((item) => item !== '').map(parseItem);
    const good = parsed.filter((item) => item !== undefined);
    return good.length > 0 && good.length === parsed.length ? [...new Set(good)] : undefined;
  };
