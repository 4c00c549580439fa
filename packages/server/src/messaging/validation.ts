import type { FieldError } from '@parley/protocol';
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Refusal } from './refusal.ts';

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/** At most this many field errors are told at once: an answer must not grow with the nonsense it answers. */
const maxErrors = 20;

/** Turns a schema into a check. */
export function compile<T extends TSchema>(schema: T): (value: unknown) => Checked<Static<T>> {
  const validator = Compile(schema);
  return (value) => {
    if (validator.Check(value)) return { ok: true, value };
    return { ok: false, errors: explain(validator.Errors(value)) };
  };
}

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

function explain(errors: readonly SchemaError[]): FieldError[] {
  const told = new Map<string, FieldError>();
  for (const error of errors) {
    // Said better by what it sums up.
    if (error.keyword === 'anyOf' || error.keyword === 'additionalProperties') continue;
    for (const { path, message } of fieldErrors(error)) {
      if (!told.has(path)) told.set(path, { path, message });
      if (told.size === maxErrors) return [...told.values()];
    }
  }
  return [...told.values()];
}

function fieldErrors({ keyword, instancePath, message, params }: SchemaError): FieldError[] {
  if (keyword === 'required' && 'requiredProperties' in params && Array.isArray(params.requiredProperties)) {
    return params.requiredProperties.map((name) => ({
      path: `${instancePath}/${String(name)}`,
      message: 'is required',
    }));
  }
  // `additionalProperties: false` is reported as the schema `false` at the property itself.
  if (keyword === 'boolean') return [{ path: instancePath, message: 'is not known' }];
  if (keyword === 'enum' && 'allowedValues' in params && Array.isArray(params.allowedValues)) {
    return [{ path: instancePath, message: `must be one of ${params.allowedValues.join(', ')}` }];
  }
  return [{ path: instancePath, message }];
}

/** As `compile`, but what is wrong is thrown as `validation_failed`. */
export function parser<T extends TSchema>(schema: T): (value: unknown) => Static<T> {
  const check = compile(schema);
  return (value) => {
    const checked = check(value);
    if (!checked.ok) throw new Refusal('validation_failed', { errors: checked.errors });
    return checked.value;
  };
}
