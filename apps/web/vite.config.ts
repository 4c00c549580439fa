import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { emojiData } from './vite/emoji-data.ts';

/** Where `npm start` listens; for `npm run dev`, which has no server of its own. */
const server = process.env.PARLEY_URL ?? 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [react(), emojiData()],
  // In another page, too, what is loaded later comes from where the script came from.
  experimental: {
    renderBuiltUrl: (_file, { hostType }) => (hostType === 'js' ? { relative: true } : undefined),
  },
  build: {
    target: 'es2023',
    // The first that know light-dark(). Rewritten for older ones, colours would not follow `data-theme`.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
    // Small files stay files: the content security policy allows no data: fonts or scripts.
    assetsInlineLimit: 0,
    rollupOptions: {
      input: { app: 'index.html', 'parley-chat': 'src/embed.tsx' },
      output: {
        entryFileNames: ({ name }) => (name === 'parley-chat' ? '[name].js' : 'assets/[name]-[hash].js'),
        // What every screen needs, in one piece: many small ones are packed worse and asked for one by one.
        codeSplitting: {
          groups: [
            {
              name: 'base',
              test: /node_modules\/(react|react-dom|scheduler)\/|src\/ui\/(avatar|button|focus|format|icons|portal|toast)\.|preload-helper|packages\/react\/src\/(provider|state|select)|packages\/client\/src\/(errors|platform|signal)/,
            },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      '/api': { target: server, ws: true },
      '/demo': server,
      '/config.json': server,
    },
  },
});
