/** What a token says that somebody is called, for showing it until the server says it; null if it says nothing. */
export function nameIn(token: string): string | null {
  const claims = claimsOf(token);
  for (const claim of ['full_name', 'name']) {
    const name = fieldOf(fieldOf(claims, 'user_metadata'), claim) ?? fieldOf(claims, claim);
    if (typeof name === 'string' && name.trim() !== '') return name.trim();
  }
  return null;
}

function claimsOf(token: string): unknown {
  try {
    const encoded = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(encoded), (each) => each.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
