import { Marked, type MarkedToken, type Token } from 'marked';

/** Characters, and line beginnings, without which a text is nothing but text. */
const hasMarkup = /[*_`~\\[\]<>|#]|https?:|www\.|@|^\s{0,3}(?:[-+]\s|\d{1,9}[.)]\s|=+$|-{3})|^(?: {4}|\t)/m;

/** Signs one after the other, beyond which parsing is not worth its time: nobody writes that to be read. */
const maxRun = 60;
const longRun = new RegExp(`[*_\`~\\[\\]<>()!|#\\\\&]{${maxRun}}|(?:[>*_\`~\\[(!-][ \\t]?){${maxRun}}`);
/** Deeper lists and quotes than this show as text. */
const deepIndent = /^(?:\s{40,}|(?:\s*[>*+-]\s?){12,})/m;

const marked = new Marked({ gfm: true, breaks: true });

/** The parts of a text in Markdown; null for what is plain text, or had better stay so. */
export function parseMarkdown(text: string): readonly Token[] | null {
  if (!hasMarkup.test(text) || longRun.test(text) || deepIndent.test(text)) return null;
  try {
    const tokens = marked.lexer(text);
    return tokens.every(isBlank) ? null : tokens;
  } catch {
    return null;
  }
}

/** A part as one of those that marked itself makes: there are no extensions here. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `Token` is this and whatever an extension adds
export const ownToken = (token: Token): MarkedToken => token as MarkedToken;

/** What draws something though it has no text. */
const drawn = new Set(['br', 'checkbox', 'image', 'table']);

/** Whether nothing would be seen of a part: `#`, `>` or `~~~` alone. */
export function isBlank(token: Token): boolean {
  const own = ownToken(token);
  if (drawn.has(own.type)) return false;
  if (own.type === 'list') return own.items.every(isBlank);
  if ('tokens' in own && own.tokens !== undefined) return own.tokens.every(isBlank);
  return !('text' in own) || own.text.trim() === '';
}

/** An address that a link may lead to: of the web or of mail, and nothing that would run here. Else null. */
export function safeAddress(href: string): string | null {
  const url = URL.canParse(href) ? new URL(href) : null;
  return url !== null && ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : null;
}

/** Whether a link names another place of the web than the one that it leads to. */
export function deceives(text: string, href: string): boolean {
  const named = /^\s*(?:https?:\/\/|www\.)\S+/i.exec(text)?.[0].trim();
  if (named === undefined) return false;
  const hostOf = (address: string) =>
    URL.canParse(address) ? new URL(address).host.replace(/^www\./, '') : null;
  return hostOf(/^www\./i.test(named) ? `https://${named}` : named) !== hostOf(href);
}

/** One to three emoji and nothing else: shown large. */
const emojiAlone = /^(?:\p{RGI_Emoji}\s?){1,3}$/v;

export const isEmojiAlone = (text: string): boolean => text.length <= 64 && emojiAlone.test(text.trim());
