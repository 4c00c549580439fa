import type { FastifySwaggerUiOptions } from '@fastify/swagger-ui';

/** What the browsable description may load: its own files. `data:` is for the icons inside its stylesheet. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * The page that swagger-ui serves lacks what a phone needs, follows no dark mode and knows nothing of the other page.
 * It takes no markup of ours, but scripts and stylesheets.
 */
const script = (webSocketDocs: string): string => `(() => {
  const viewport = document.createElement('meta');
  viewport.name = 'viewport';
  viewport.content = 'width=device-width, initial-scale=1';
  document.head.append(viewport);

  const dark = matchMedia('(prefers-color-scheme: dark)');
  const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
  dark.addEventListener('change', follow);
  follow();

  const header = document.createElement('header');
  header.className = 'parley';
  const name = header.appendChild(document.createElement('p'));
  name.textContent = 'Parley';
  const nav = header.appendChild(document.createElement('nav'));
  for (const [text, href] of [['REST API', ''], ['WebSocket', ${JSON.stringify(webSocketDocs)}]]) {
    const link = nav.appendChild(document.createElement('a'));
    link.textContent = text;
    if (href === '') link.setAttribute('aria-current', 'page');
    link.href = href || location.pathname;
  }
  document.body.prepend(header);
})();
`;

const style = `
html { background: #fcfcfb; color-scheme: light; }
html.dark-mode, html.dark-mode .swagger-ui { background: #161815; color-scheme: dark; }
body { margin: 0; background: none; }
header.parley { display: flex; gap: 1.5rem; align-items: baseline; padding: .8rem 1.5rem;
  background: #fcfcfb; border-bottom: 1px solid #dfdfd9; color: #22241f; font: 1rem/1.6 system-ui, "Segoe UI", sans-serif; }
header.parley p { margin: 0; font-weight: 650; letter-spacing: -.01em; }
header.parley nav { display: flex; gap: 1.25rem; }
header.parley a { color: #63675d; text-decoration: none; }
header.parley a:hover { color: inherit; }
header.parley a[aria-current] { color: inherit; box-shadow: 0 2px 0 #0b6b58; }
.dark-mode header.parley { background: #161815; border-color: #343831; color: #e4e6df; }
.dark-mode header.parley a { color: #9da396; }
.dark-mode header.parley a[aria-current] { box-shadow: 0 2px 0 #6cc9b2; }
.swagger-ui .info { margin: 2rem 0 1rem; }
.swagger-ui .info li { line-height: 1.7; }
.swagger-ui .scheme-container, html.dark-mode .swagger-ui .scheme-container { margin: 0; padding: 0 0 1.5rem; background: none; box-shadow: none; }
@media (max-width: 40rem) {
  header.parley { padding-left: 1rem; padding-right: 1rem; }
  .swagger-ui .wrapper { padding: 0 1rem; }
}
`;

export const uiOptions = (webSocketDocs: string): FastifySwaggerUiOptions => ({
  staticCSP: policy,
  uiConfig: {
    layout: 'BaseLayout',
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    // The token stays in the page: a closed tab forgets it.
    persistAuthorization: false,
  },
  theme: {
    title: 'Parley · REST API',
    css: [{ filename: 'parley.css', content: style }],
    js: [{ filename: 'parley.js', content: script(webSocketDocs) }],
  },
});
