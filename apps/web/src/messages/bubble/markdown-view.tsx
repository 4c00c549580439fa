import { Fragment, type ReactNode } from 'react';
import type { Token, Tokens } from 'marked';
import { deceives, isBlank, ownToken, safeAddress } from './markdown.ts';

/** Parts within parts, beyond which a text shows as it was typed. */
const maxDepth = 24;

interface PartsProps {
  readonly tokens: readonly Token[];
  readonly depth?: number;
}

/**
 * Markdown as elements of React. Nothing of what people write becomes HTML: it ends as text, or as an address that was
 * checked, so there is nothing to clean afterwards.
 */
export const MarkdownParts = ({ tokens, depth = 0 }: PartsProps): ReactNode =>
  tokens.map((token, index) => (
    // What was parsed once never changes its order.
    <Fragment key={index}>
      {depth > maxDepth ? (
        token.raw
      ) : depth === 0 && showsRaw(token) ? (
        <p dir="auto">{token.raw.trim()}</p>
      ) : (
        <Part token={token} depth={depth + 1} />
      )}
    </Fragment>
  ));

/** What means something to Markdown and shows nothing is what somebody wrote, too. */
const showsRaw = (token: Token): boolean => !/^(?:space|hr)$/.test(token.type) && isBlank(token);

function Part({ token, depth }: { readonly token: Token; readonly depth: number }): ReactNode {
  const own = ownToken(token);
  const inside = (tokens: readonly Token[]): ReactNode => <MarkdownParts tokens={tokens} depth={depth} />;
  switch (own.type) {
    case 'paragraph':
      return <p dir="auto">{inside(own.tokens)}</p>;
    case 'heading':
      return (
        <p dir="auto">
          <strong>{inside(own.tokens)}</strong>
        </p>
      );
    case 'strong':
      return <strong>{inside(own.tokens)}</strong>;
    case 'em':
      return <em>{inside(own.tokens)}</em>;
    case 'del':
      return <del>{inside(own.tokens)}</del>;
    case 'codespan':
      return <code>{own.text}</code>;
    case 'code':
      return <Code text={own.text} />;
    case 'blockquote':
      return <blockquote dir="auto">{inside(own.tokens)}</blockquote>;
    case 'list':
      return <List list={own} depth={depth} />;
    case 'link':
      return <Link href={own.href}>{deceives(own.text, own.href) ? own.href : inside(own.tokens)}</Link>;
    // Shown, it would tell its server who looks, and when.
    case 'image':
      return <Link href={own.href}>{own.text === '' ? own.href : own.text}</Link>;
    case 'table':
      return <Table table={own} depth={depth} />;
    case 'br':
      return <br />;
    case 'checkbox':
      return own.checked ? '☑ ' : '☐ ';
    case 'text':
      return own.tokens === undefined ? (own.escaped === true ? own.raw : own.text) : inside(own.tokens);
    case 'escape':
      return own.text;
    // What people type as HTML is what they want to show.
    case 'html':
    case 'def':
      return own.raw;
    case 'hr':
      return <hr />;
    case 'list_item':
    case 'space':
      return null;
  }
}

/** Wider than its place it is scrolled within itself, by keys as well. */
const Code = ({ text }: { readonly text: string }): ReactNode => (
  <pre tabIndex={0} dir="ltr" role="region" aria-label="Code">
    <code>{text}</code>
  </pre>
);

/** Opens elsewhere, and tells nothing of this page. */
function Link({ href, children }: { readonly href: string; readonly children: ReactNode }): ReactNode {
  const address = safeAddress(href);
  if (address === null) return children;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

function List({ list, depth }: { readonly list: Tokens.List; readonly depth: number }): ReactNode {
  const items = list.items.map((item, index) => (
    <li key={index} dir="auto">
      <MarkdownParts tokens={item.tokens} depth={depth} />
    </li>
  ));
  return list.ordered ? <ol start={list.start === '' ? 1 : list.start}>{items}</ol> : <ul>{items}</ul>;
}

function Table({ table, depth }: { readonly table: Tokens.Table; readonly depth: number }): ReactNode {
  const rowOf = (cells: readonly Tokens.TableCell[], Cell: 'th' | 'td'): ReactNode =>
    cells.map(({ tokens }, index) => (
      <Cell key={index} dir="auto">
        <MarkdownParts tokens={tokens} depth={depth} />
      </Cell>
    ));
  return (
    <table tabIndex={0}>
      <thead>
        <tr>{rowOf(table.header, 'th')}</tr>
      </thead>
      <tbody>
        {table.rows.map((cells, index) => (
          <tr key={index}>{rowOf(cells, 'td')}</tr>
        ))}
      </tbody>
    </table>
  );
}
