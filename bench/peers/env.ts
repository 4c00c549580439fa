/** A setting that a peer can't do without. */
export function envOf(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
