import { policyFor, stylesheet } from '../docs/stylesheet.ts';

const style = `${stylesheet}
main { max-width: 36rem; margin: 0 auto; padding: 12vh 1.5rem 4rem; }
pre { width: max-content; max-width: 100%; margin: 0; }
`;

/** What `/` answers in a checkout whose web app was not built yet. */
export const unbuiltPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Parley</title>
<style>${style}</style>
</head>
<body>
<header><p class="name">Parley</p><nav aria-label="Documentation"><a href="/docs">REST API</a><a href="/docs/websocket">WebSocket</a></nav></header>
<main>
<h1>Parley is running</h1>
<p class="lead">The web app, which belongs on this page, is not built yet.</p>
<p>Build it with the command below, then load this page again:</p>
<pre>npm run build</pre>
<p>Everything else works without it. <a href="/docs">The API reference</a> shows what there is to call.</p>
</main>
</body>
</html>
`;

export const unbuiltPageHeaders = {
  'content-security-policy': policyFor(style),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};
