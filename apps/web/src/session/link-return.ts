/** How somebody comes back by a link from an e-mail: signed in, or with the reason why not. */
export type LinkReturn =
  | { readonly kind: 'tokens'; readonly access_token: string; readonly refresh_token: string }
  | { readonly kind: 'error'; readonly code: string; readonly message: string };

/** What such a link put behind the `#` of the address; null for our own routes, which begin with `#/`. */
export function parseReturn(hash: string): LinkReturn | null {
  if (hash.startsWith('#/')) return null;
  const values = new URLSearchParams(hash.slice(1));
  const [access, refresh] = [values.get('access_token'), values.get('refresh_token')];
  if (access !== null && refresh !== null)
    return { kind: 'tokens', access_token: access, refresh_token: refresh };
  const code = values.get('error_code') ?? values.get('error');
  if (code === null) return null;
  return { kind: 'error', code, message: values.get('error_description') ?? '' };
}

/** Takes it out of the address, which is kept, shared and shown. */
export function takeReturn(): LinkReturn | null {
  const found = parseReturn(window.location.hash);
  if (found !== null)
    window.history.replaceState(null, '', window.location.pathname + window.location.search);
  return found;
}
