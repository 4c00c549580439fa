import { access, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { appPolicy, type PolicyOptions } from './app/policy.ts';
import { unbuiltPage, unbuiltPageHeaders } from './app/unbuilt-page.ts';

export interface AppOptions extends PolicyOptions {
  /** Where the built web app is, or would be: `index.html`, `assets/` and what else it consists of. */
  readonly folder: string;
}

/** The page itself; everything else is loaded by it, or by pages that embed it. */
const index = 'index.html';
const assets = 'assets';

/** What a web app is made of. Nothing else of its folder is served: no source map, no hidden file, no other page. */
const servable =
  /^(?:[\w@-][\w.@-]*\/)*[\w@-][\w.@-]*\.(?:js|css|json|webmanifest|wasm|svg|png|jpe?g|gif|webp|avif|ico|woff2|mp3|ogg|txt)$/;

const hidden = { schema: { hide: true }, logLevel: 'warn' } as const;

/**
 * The web app at `/`, or, where it was not built, a page that says how to build it. Its routes are in the address behind
 * `#`, so there are none here. What stands in the folder besides is found when the server starts; a build that comes
 * later is served at once.
 */
export async function appRoutes(app: FastifyInstance, { folder, ...options }: AppOptions): Promise<void> {
  const policy = appPolicy(options);
  await app.register(fastifyStatic, {
    serve: false,
    dotfiles: 'ignore',
    index: false,
    cacheControl: false,
    preCompressed: true,
    setHeaders: (reply, path) => {
      const name = relative(folder, path).replaceAll(sep, '/');
      const isPage = name.replace(/\.(?:br|gz)$/, '') === index;
      reply.headers({ ...harmless, ...caching(name) });
      reply.headers(isPage ? { 'content-security-policy': policy } : loadable);
    },
  });

  app.get('/', hidden, async (_request, reply) =>
    (await isThere(join(folder, index))) ? reply.sendFile(index, folder) : sendUnbuilt(reply),
  );
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  // What the server has at an address itself is not the app's, whatever its folder is called.
  const isFree = (name: string) => !app.hasRoute({ method: 'GET', url: `/${name}` });
  const folders = entries.filter((entry) => entry.isDirectory() && /^[\w-]+$/.test(entry.name));
  for (const name of new Set([assets, ...folders.map(({ name }) => name).filter(isFree)]))
    app.get(`/${name}/*`, hidden, (request: FastifyRequest<{ Params: { '*': string } }>, reply) =>
      sendPart(reply, folder, `${name}/${request.params['*']}`),
    );
  const files = entries.filter((entry) => entry.isFile() && servable.test(entry.name) && isFree(entry.name));
  for (const name of new Set(['parley-chat.js', ...files.map(({ name }) => name)]))
    app.get(`/${name}`, hidden, (_request, reply) => sendPart(reply, folder, name));
}

/** Nothing is taken for what it is not, and nobody learns which conversation a link was followed from. */
const harmless = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };

/** Scripts, styles and pictures, which pages of any origin may load: the element for embedding consists of them. */
const loadable = {
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
};

/** A name in `assets` has its content's hash in it, so it never means anything else. */
const caching = (name: string): { 'cache-control': string } => ({
  'cache-control': name.startsWith(`${assets}/`) ? 'public, max-age=31536000, immutable' : 'no-cache',
});

function sendPart(reply: FastifyReply, folder: string, name: string): FastifyReply {
  // Another node may have it already, or still: nobody is to remember that this one does not.
  reply.header('cache-control', 'no-store');
  if (!servable.test(name)) {
    reply.callNotFound();
    return reply;
  }
  return reply.sendFile(name, folder);
}

const sendUnbuilt = (reply: FastifyReply): FastifyReply =>
  reply.type('text/html; charset=utf-8').headers(unbuiltPageHeaders).send(unbuiltPage);

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
