import { JSDOM } from 'jsdom';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, test } from 'vitest';
import { MarkdownParts } from '../src/messages/bubble/markdown-view.tsx';
import { isEmojiAlone, parseMarkdown } from '../src/messages/bubble/markdown.ts';

const { window } = new JSDOM('');

/** What the app makes of it, as HTML; null for plain text. */
function render(text: string): string | null {
  const tokens = parseMarkdown(text);
  return tokens && renderToStaticMarkup(createElement(MarkdownParts, { tokens }));
}

/** As a browser would have it. */
function put(text: string): HTMLElement {
  const place = window.document.createElement('div');
  place.innerHTML = render(text) ?? '';
  return place;
}

test.each([
  ['[https://bank.example](https://evil.example/x)', 'https://evil.example/x'],
  ['[www.bank.example/login](https://evil.example/)', 'https://evil.example/'],
  ['[https://www.bank.example/a](https://bank.example/b)', 'https://www.bank.example/a'],
  ['[our plans](https://bank.example)', 'our plans'],
  ['https://bank.example/?q=1', 'https://bank.example/?q=1'],
  ['www.bank.example', 'www.bank.example'],
])('a link that names another place than its own shows its own: %j', (text, shown) =>
  expect(put(text).querySelector('a')?.textContent).toBe(shown),
);

describe('nothing that people write disappears', () => {
  test.each(['---', '***', '*', '#', '>', '~~~', '```', '- ', '1. ', '[1]: https://example.com'])(
    '%j',
    (text) => expect(render(text)).toBeNull(),
  );

  test('between other parts neither', () => {
    const text = put('above\n\n---\n\n#\n\n[1]: https://example.com/spec');
    expect(text.querySelectorAll('hr')).toHaveLength(1);
    expect([...text.querySelectorAll('p')].map((each) => each.textContent)).toEqual([
      'above',
      '#',
      '[1]: https://example.com/spec',
    ]);
  });
});

describe('what people write looks as they meant it', () => {
  test.each([
    ['**bold** and *slanted*', '<p dir="auto"><strong>bold</strong> and <em>slanted</em></p>'],
    ['one\n*two*', '<p dir="auto">one<br/><em>two</em></p>'],
    ['# A title', '<p dir="auto"><strong>A title</strong></p>'],
    ['- a\n- b', '<ul><li dir="auto">a</li><li dir="auto">b</li></ul>'],
    ['<b>typed</b> *x*', '<p dir="auto">&lt;b&gt;typed&lt;/b&gt; <em>x</em></p>'],
  ])('%j', (text, html) => {
    expect(render(text)?.trim()).toBe(html);
  });

  test('links of the web and of mail lead there, elsewhere and without a word of where from', () => {
    const link = put('see https://example.org/a?b=c').querySelector('a');
    expect(link?.getAttribute('href')).toBe('https://example.org/a?b=c');
    expect(link?.getAttribute('rel')).toBe('noopener noreferrer nofollow');
    expect(link?.getAttribute('target')).toBe('_blank');
  });

  test('code that is too wide can be reached and scrolled by the keyboard', () => {
    const pre = put('```ts\nlet a = 1;\n```').querySelector('pre');
    expect(pre?.getAttribute('tabindex')).toBe('0');
    expect(pre?.getAttribute('aria-label')).toBe('Code');
  });

  test('an image of elsewhere is a link: nobody learns who looks', () => {
    const shown = put('![cat](https://example.org/cat.png)');
    expect(shown.querySelector('img')).toBeNull();
    expect(shown.querySelector('a')?.textContent).toBe('cat');
  });

  test('text without any markup needs no parsing', () => {
    expect(render('Pizza or soup? I think: soup.')).toBeNull();
  });

  test.each(['🎉', '👍🏽 ❤️', '👨‍👩‍👧‍👦'])('%s alone is shown large', (text) =>
    expect(isEmojiAlone(text)).toBe(true),
  );
  test.each(['🎉 yes', '3', '🎉🎉🎉🎉'])('%s is not', (text) => expect(isEmojiAlone(text)).toBe(false));
});

describe('nothing of what is written can do anything', () => {
  test.each([
    '<script>alert(1)</script>*',
    '<img src=x onerror=alert(1)>*',
    '<svg/onload=alert(1)>*',
    '<svg><animate onbegin=alert(1) attributeName=x dur=1s>*',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">*',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">*',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>*',
    '<a href="javascript:alert(1)">x</a>*',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](java\nscript:alert(1))',
    '[x](&#106;avascript:alert(1))',
    '[x](data:text/html,<script>alert(1)</script>)',
    '[x](vbscript:msgbox(1))',
    '[x](file:///etc/passwd)',
    '[x](//example.org)',
    '[x](/api/users)',
    '<javascript:alert(1)>',
    '![x](javascript:alert(1))',
    '![x](https://e.org/" onerror="alert(1))',
    String.raw`[x](https://e.org "\" onmouseover=\"alert(1)")`,
    '[a](https://e.org/"onclick="alert(1))',
    '`<img src=x onerror=alert(1)>`',
    '```html" onload="alert(1)\nx\n```',
    '**<form action=//e.org><input name=attributes>**',
    '<x style="position:fixed;inset:0" class="dialog" id="root">*',
    '| a |\n|---|\n| <img src=x onerror=alert(1)> |',
  ])('%j', (text) => {
    const shown = put(text);
    const tags = [...shown.querySelectorAll('*')];
    expect(
      tags.filter(({ localName }) =>
        ['script', 'img', 'svg', 'math', 'iframe', 'style', 'form', 'input', 'object', 'embed'].includes(
          localName,
        ),
      ),
    ).toEqual([]);
    for (const tag of tags) {
      for (const { name } of tag.attributes)
        expect(['href', 'target', 'rel', 'dir', 'tabindex', 'role', 'aria-label', 'start']).toContain(name);
      const href = tag.getAttribute('href');
      if (href !== null) expect(href).toMatch(/^(?:https?|mailto):/);
    }
  });
});

describe('nobody can make others’ windows stand still', () => {
  test.each([
    '>',
    '*',
    '[',
    '_',
    '`',
    '(',
    '- ',
    '> ',
    '* a\n ',
    '![](',
    '<',
    '|',
    '**a',
    '[a](',
    '\\',
    '&',
    '~',
    '#',
    '1. ',
    '\n>',
    '[^',
    '![',
  ])('5,000 characters of %j', (part) => {
    const text = part.repeat(Math.ceil(5000 / part.length)).slice(0, 5000);
    const begun = performance.now();
    render(text);
    // Not a measurement: what hangs, hangs for seconds.
    expect(performance.now() - begun).toBeLessThan(1000);
  });
});
