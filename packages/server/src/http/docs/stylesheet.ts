import { createHash } from 'node:crypto';

/** What the `Content-Security-Policy` of such a page must allow: its own stylesheet and nothing else. */
export const policyFor = (style: string): string =>
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The style of Parley's own pages. No script, no font and no picture comes with it. */
export const stylesheet = `
:root {
  color-scheme: light dark;
  --ground: #fcfcfb; --raised: #f3f3f0; --line: #dfdfd9; --text: #22241f; --quiet: #63675d;
  --accent: #0b6b58; --string: #8a4b12; --literal: #6a3fa0;
  --mono: ui-monospace, "SF Mono", "Cascadia Code", "DejaVu Sans Mono", Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #161815; --raised: #1f221e; --line: #343831; --text: #e4e6df; --quiet: #9da396;
    --accent: #6cc9b2; --string: #e0ab78; --literal: #c0a5ea;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 4.5rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.6 system-ui, "Segoe UI", sans-serif; }
a { color: var(--accent); text-underline-offset: .18em; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
code, pre { font-family: var(--mono); font-size: .875em; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: .5rem; z-index: 2; background: var(--ground); padding: .5rem; }

header { position: sticky; top: 0; z-index: 1; display: flex; gap: 1.5rem; align-items: baseline; padding: .8rem 1.5rem;
  background: var(--ground); border-bottom: 1px solid var(--line); }
header .name { margin: 0; font-weight: 650; letter-spacing: -.01em; }
header nav { display: flex; gap: 1.25rem; }
header nav a { color: var(--quiet); text-decoration: none; }
header nav a:hover { color: var(--text); }
header nav a[aria-current] { color: var(--text); box-shadow: 0 2px 0 var(--accent); }

.page { display: grid; grid-template-columns: 15.5rem minmax(0, 50rem); gap: 3.5rem; max-width: 76rem; margin: 0 auto; padding: 0 1.5rem; }
.contents { position: sticky; top: 3.3rem; align-self: start; max-height: calc(100vh - 3.3rem); overflow-y: auto;
  padding: 2rem 0 3rem; font-size: .875rem; scrollbar-width: thin; }
.contents ul, .contents-narrow ul { list-style: none; margin: 0; padding: 0; }
.contents ul ul, .contents-narrow ul ul { margin: .15rem 0 .9rem; padding-left: .8rem; border-left: 1px solid var(--line); }
.contents > ul > li > a, .contents-narrow > ul > li > a { font-weight: 600; color: var(--text); }
.contents a, .contents-narrow a { display: block; padding: .14rem 0; color: var(--quiet); text-decoration: none; overflow-wrap: anywhere; }
.contents a:hover, .contents-narrow a:hover { color: var(--accent); }
.contents-narrow { display: none; }

main { padding: 2rem 0 6rem; min-width: 0; }
h1 { margin: 0 0 .5rem; font-size: 2rem; line-height: 1.2; letter-spacing: -.02em; }
.lead { margin: 0; color: var(--quiet); font-size: 1.0625rem; max-width: 42rem; }
h2 { margin: 3.5rem 0 1rem; font-size: 1.375rem; letter-spacing: -.01em; }
h3 { margin: 0; font-size: 1.0625rem; }
h3 a { color: inherit; text-decoration: none; }
h3 a:hover::after { content: " #"; color: var(--quiet); }
p { margin: .75rem 0; max-width: 44rem; }
td a code, p a code { color: var(--accent); }
p code, td code { overflow-wrap: anywhere; }
article { margin: 0; padding: 2rem 0; border-top: 1px solid var(--line); }
article > p { margin: .25rem 0 .75rem; }
article:target h3 { color: var(--accent); }

table { width: 100%; margin: 1rem 0; border-collapse: collapse; font-size: .9375rem; line-height: 1.45; }
th { text-align: left; font-weight: 500; font-size: .8125rem; color: var(--quiet); }
th, td { padding: .45rem 1rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
td:first-child { white-space: nowrap; }
tbody tr:last-child td { border-bottom: 0; }
table.fields { table-layout: fixed; }
.fields th:nth-child(1) { width: 10.75rem; }
.fields th:nth-child(2) { width: 12.5rem; }
.fields th:nth-child(3) { width: 5.5rem; }
.fields td:first-child { overflow-wrap: anywhere; white-space: normal; }
.codes td code { white-space: nowrap; }
small { color: var(--quiet); font-size: .875em; }

details { margin: .75rem 0 0; }
summary { cursor: pointer; width: max-content; color: var(--quiet); font-size: .875rem; }
summary:hover { color: var(--text); }
pre { margin: .5rem 0 0; padding: .9rem 1rem; overflow-x: auto; background: var(--raised); border-radius: 6px; line-height: 1.5; tab-size: 2; }
pre i { font-style: normal; }
.k { color: var(--text); }
.s { color: var(--string); }
.l { color: var(--literal); }

@media (max-width: 62rem) {
  .page { display: block; max-width: 53rem; }
  .contents { display: none; }
  .contents-narrow { display: block; margin-top: 1.25rem; padding: .6rem .9rem; background: var(--raised); border-radius: 6px; }
  .contents-narrow summary { color: var(--text); font-weight: 600; width: auto; }
  .contents-narrow > ul { margin-top: .6rem; font-size: .9375rem; }
  .contents-narrow ul a { padding: .3rem 0; }
}
@media (max-width: 40rem) {
  header, .page { padding-left: 1rem; padding-right: 1rem; }
  h1 { font-size: 1.625rem; }
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  table, tbody, tr, td { display: block; }
  tbody { width: 100%; }
  tr { padding: .6rem 0; border-bottom: 1px solid var(--line); }
  tbody tr:last-child { border-bottom: 0; }
  td { position: relative; min-height: 1.5rem; padding: .1rem 0 .1rem 6.25rem; border: 0; overflow-wrap: anywhere; }
  td::before { content: attr(data-label); position: absolute; left: 0; color: var(--quiet); font-size: .8125rem; line-height: 1.65; }
  td:first-child { white-space: normal; }
}
@media print { header, .contents, .contents-narrow { display: none; } .page { display: block; } }
`;
