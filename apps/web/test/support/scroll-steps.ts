import type { Page } from 'playwright-core';

/** What a turn of the wheel did, once everything had come to rest. */
export interface Turn {
  /** How far each message that stayed in view moved down, in pixels: all the same, if nothing jumped. */
  readonly least: number;
  readonly most: number;
  /** How many stayed in view. */
  readonly stayed: number;
  /** Pixels there were to scroll up before it: what is older may come in meanwhile. */
  readonly room: number;
  /** Whether what was read so far ended there. */
  readonly isAtTop: boolean;
  /** Whether a part of the window was empty. */
  readonly isBlank: boolean;
  /** Messages and elements that were drawn. */
  readonly drawn: number;
  readonly elements: number;
}

declare global {
  /** After the last turn: where messages were, by their keys, and how far it was to the end of what was read. */
  var rested: { readonly places: ReadonlyMap<string, number>; readonly room: number } | undefined;
}

/** Turns the wheel up by so many pixels, and waits until that moved something and nothing moves any more. */
export async function turnUp(page: Page, pixels: number): Promise<Turn> {
  await page.mouse.wheel(0, -pixels);
  return compare(page, { frames: 2, mustMove: true });
}

/** Waits until nothing moves for so many frames, and compares with the last time. */
export const settle = (page: Page, frames = 2): Promise<Turn> => compare(page, { frames, mustMove: false });

const compare = (
  page: Page,
  waiting: { readonly frames: number; readonly mustMove: boolean },
): Promise<Turn> =>
  page.getByRole('feed').evaluate(async (feed: HTMLElement, { frames, mustMove }) => {
    const rows = () => [...feed.querySelectorAll<HTMLElement>('article')];
    const inView = () => {
      const { top, bottom } = feed.getBoundingClientRect();
      return rows().filter((row) => {
        const box = row.getBoundingClientRect();
        return box.bottom > top && box.top < bottom;
      });
    };
    const places = () =>
      new Map(inView().map((row) => [row.dataset['key'] ?? '', row.getBoundingClientRect().bottom]));
    const textOf = (all: ReadonlyMap<string, number>): string => JSON.stringify([...all]);
    const movesFrom = (before: ReadonlyMap<string, number>): number[] =>
      [...now].flatMap(([key, at]) => {
        const was = before.get(key);
        return was === undefined ? [] : [at - was];
      });
    let now = places();
    const { places: before, room } = globalThis.rested ?? { places: now, room: feed.scrollTop };
    let hasMoved = !mustMove;
    for (let still = 0; still < frames;) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const next = places();
      const isStill = textOf(next) === textOf(now);
      now = next;
      // Positions are rounded a little: that is no move.
      hasMoved ||= !movesFrom(before).some((move) => Math.abs(move) < 2);
      still = isStill && hasMoved ? still + 1 : 0;
    }
    globalThis.rested = { places: now, room: feed.scrollTop };
    const moves = movesFrom(before);
    const window = feed.getBoundingClientRect();
    // A message's row has more than the message: a day, and what is between rows.
    const tops = inView().map((row) => (row.parentElement ?? row).getBoundingClientRect().top);
    return {
      least: Math.min(...moves),
      most: Math.max(...moves),
      stayed: moves.length,
      room,
      isAtTop: feed.scrollTop <= 0,
      isBlank: feed.scrollTop > 0 && Math.min(...tops) > window.top + 220,
      drawn: rows().length,
      elements: document.querySelectorAll('*').length,
    };
  }, waiting);
