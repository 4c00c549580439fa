/** What every list answers beside its items. */
export interface PageFacts {
  readonly page: number;
  readonly limit: number;
  readonly total: number;
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}

/** Where a page begins and how long it is; by `cursor` or by `page`, not both. */
export interface PageRequest {
  /** 1 to 100; 50 unless given. */
  readonly limit?: number;
  readonly page?: number;
  /** `next_cursor` of the page before. */
  readonly cursor?: string;
}

/** `await` it for a page; `for await` goes through the items of this page and of all after it. */
export interface Paged<Page, Item> extends Promise<Page>, AsyncIterable<Item> {}

/** Nothing is asked for twice: the iterator begins with the page that is awaited. */
export function paged<Page extends PageFacts, Item>(
  read: (cursor?: string) => Promise<Page>,
  items: (page: Page) => readonly Item[],
): Paged<Page, Item> {
  const first = read();
  return Object.assign(first, {
    async *[Symbol.asyncIterator]() {
      for (let page = await first; ; page = await read(page.next_cursor)) {
        yield* items(page);
        if (page.next_cursor === null || !page.has_more) return;
      }
    },
  });
}
