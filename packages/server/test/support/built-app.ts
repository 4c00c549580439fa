import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

export const script = `${'// A script that is worth compressing.\n'.repeat(40)}console.log('app');\n`;

/** A built web app as Vite leaves it, with what must not be served in it and beside it. */
export async function makeApp(): Promise<{ folder: string; remove(): Promise<void> }> {
  const base = await mkdtemp(join(tmpdir(), 'parley-app-'));
  const folder = join(base, 'dist');
  const files: Record<string, string | Buffer> = {
    'package.json': '{"secret": "beside"}',
    'secret.js': 'secret beside',
    'dist/index.html':
      '<!doctype html><div id="root"></div><script type="module" src="/assets/app-Bx1_9-aa.js"></script>',
    'dist/parley-chat.js': 'export {};',
    'dist/favicon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
    'dist/emoji/en/data.json': '[]',
    'dist/assets/app-Bx1_9-aa.js': script,
    'dist/assets/app-Bx1_9-aa.js.br': brotliCompressSync(script),
    'dist/assets/app-Bx1_9-aa.js.gz': gzipSync(script),
    'dist/assets/app-Cc2.css': 'body{}',
    'dist/assets/app-Bx1_9-aa.js.map': '{"secret": "map"}',
    'dist/assets/.hidden.js': 'secret hidden',
    'dist/assets/.git/config.js': 'secret git',
    'dist/assets/page.html': '<script>secret</script>',
    'dist/.built-from': 'secret stamp',
    'dist/config.json': '{"secret": "a file that is called as an address of the server"}',
    'dist/docs/index.js': 'secret docs',
    'dist/package.json.bak': 'secret backup',
    'dist/other.html': '<script>secret</script>',
  };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(base, name)), { recursive: true });
    await writeFile(join(base, name), content);
  }
  return { folder, remove: () => rm(base, { recursive: true, force: true }) };
}
