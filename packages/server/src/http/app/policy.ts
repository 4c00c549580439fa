export interface PolicyOptions {
  /** Origins whose pages may show the app inside them. */
  readonly hostOrigins: readonly string[] | '*';
  /** Where people sign in, besides this server: `https://abc.supabase.co`. */
  readonly signInUrl: string | null;
}

/**
 * The app's `Content-Security-Policy`: scripts, styles, pictures and connections of its own, and nothing written into the
 * page. Frames: by itself, and by the pages that may hand over a token.
 */
export function appPolicy({ hostOrigins, signInUrl }: PolicyOptions): string {
  const own = "'self'";
  const signIn = signInUrl === null ? [] : [new URL(signInUrl).origin];
  const frames = hostOrigins === '*' ? ['*'] : [own, ...hostOrigins];
  const directives: readonly (readonly [name: string, ...sources: string[]])[] = [
    ['default-src', "'none'"],
    ['script-src', own],
    ['style-src', own],
    // What somebody pasted and has not sent yet is a blob; people's own pictures are where their identity provider keeps them.
    ['img-src', own, 'blob:', 'data:', 'https:'],
    ['media-src', own, 'blob:'],
    ['font-src', own],
    ['connect-src', own, ...signIn],
    ['manifest-src', own],
    ['base-uri', "'none'"],
    ['form-action', "'none'"],
    ['frame-ancestors', ...frames],
  ];
  return directives.map((directive) => directive.join(' ')).join('; ');
}
