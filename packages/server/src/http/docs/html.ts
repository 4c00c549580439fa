const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export const escape = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? '');

/** A sentence of a schema's description: text with `code` in backquotes. */
export const prose = (text: string): string => escape(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');

/** `value` as indented JSON with its parts marked up for colours. */
export const json = (value: unknown): string =>
  escape(JSON.stringify(value, null, 2)).replaceAll(
    /(&quot;(?:(?!&quot;).)*&quot;)(:?)|\b(true|false|null|-?\d+)\b/g,
    (_whole, text: string | undefined, colon: string | undefined, literal: string | undefined) => {
      if (text === undefined) return `<i class="l">${literal ?? ''}</i>`;
      return colon === ':' ? `<i class="k">${text}</i>:` : `<i class="s">${text}</i>`;
    },
  );

/** A table of `rows`; cells are HTML. Narrow screens show each row as a block, with the column's name before a cell. */
export function table(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  kind = 'plain',
): string {
  const head = columns.map((column) => `<th scope="col">${escape(column)}</th>`).join('');
  const body = rows.map(
    (row) =>
      `<tr>${row.map((cell, index) => `<td data-label="${escape(columns[index] ?? '')}">${cell}</td>`).join('')}</tr>`,
  );
  return `<table class="${kind}"><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table>`;
}
