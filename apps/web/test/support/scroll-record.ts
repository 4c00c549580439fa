import type { Page } from 'playwright-core';
import { settle } from './scroll-steps.ts';

/** What somebody saw who scrolled by wheel. All lengths in pixels, all times in milliseconds. */
export interface ScrollReport {
  readonly frames: number;
  /** By how much messages moved in all, down the screen. */
  readonly moved: number;
  /** Messages that stayed in view from one frame to the next and moved by different lengths: the largest difference. */
  readonly apart: number;
  /** The farthest that messages moved against the wheel from one frame to the next. */
  readonly back: number;
  /** The farthest that messages were ahead of the wheel. */
  readonly ahead: number;
  /** The farthest from where the wheel led that they came to rest, where no end of what is there was in the way. */
  readonly astray: number;
  /** Frames of which no message was in view in the frame before. */
  readonly torn: number;
  /** The longest that a part of the window was empty, and frames that had such a part. */
  readonly blankMs: number;
  readonly blankFrames: number;
  /** How often the wheel turned while the first of what was read so far was at the top. */
  readonly walls: number;
  /** The most messages and elements that were drawn at once. */
  readonly drawn: number;
  readonly elements: number;
  /** The first few frames in which something went where the wheel did not lead, to be looked into. */
  readonly oddities: readonly string[];
  readonly frameTimes: readonly number[];
  readonly longTasks: readonly number[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Each)[] ? Each[] : T[K] };

interface Recorder {
  readonly report: Mutable<ScrollReport>;
  /** Called at rest: compares where messages are with where the wheel led. */
  readonly settle: () => void;
}

declare global {
  var recorder: Recorder | undefined;
}

/** Looks at each frame from now on, after it was laid out and before anything else happens. */
export const startRecording = (page: Page): Promise<void> =>
  page.getByRole('feed').evaluate((feed: HTMLElement) => {
    const report: Recorder['report'] = {
      frames: 0,
      moved: 0,
      apart: 0,
      back: 0,
      ahead: 0,
      astray: 0,
      torn: 0,
      blankMs: 0,
      blankFrames: 0,
      walls: 0,
      drawn: 0,
      elements: 0,
      oddities: [],
      frameTimes: [],
      longTasks: [],
    };
    let before = new Map<string, number>();
    /** Wheeled and moved since the last rest; and whether an end was in the way. */
    let [wheeled, moved, isHeldUp] = [0, 0, false];
    let [lastFrame, blankSince, lastWheeled] = [0, 0, 0];
    const isAtEnd = (): boolean =>
      feed.scrollTop <= 0 || feed.scrollTop >= feed.scrollHeight - feed.clientHeight - 1;
    feed.addEventListener(
      'wheel',
      (event) => {
        wheeled -= event.deltaY;
        if (!isAtEnd()) return;
        isHeldUp = true;
        if (feed.querySelector('.beginning') === null) report.walls++;
      },
      { passive: true },
    );
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) report.longTasks.push(Math.round(duration));
    }).observe({ type: 'longtask' });

    const look = (time: number): void => {
      const window = feed.getBoundingClientRect();
      const now = new Map<string, number>();
      let [top, bottom] = [Infinity, -Infinity];
      const rows = feed.querySelectorAll<HTMLElement>('article');
      for (const article of rows) {
        const row = (article.parentElement ?? article).getBoundingClientRect();
        if (row.bottom <= window.top || row.top >= window.bottom) continue;
        // The day above a message comes and goes with what is read: only the message itself is followed.
        now.set(article.dataset['key'] ?? '', article.getBoundingClientRect().bottom);
        [top, bottom] = [Math.min(top, row.top), Math.max(bottom, row.bottom)];
      }
      const moves = [...now].flatMap(([key, at]) => {
        const was = before.get(key);
        return was === undefined ? [] : [at - was];
      });
      if (isAtEnd()) isHeldUp = true;
      if (moves.length === 0 && before.size > 0) report.torn++;
      else if (moves.length > 0) {
        const [least, most] = [Math.min(...moves), Math.max(...moves)];
        report.apart = Math.max(report.apart, most - least);
        moved += most;
        report.moved += most;
        const isAhead = (wheeled >= 0 ? moved - wheeled : wheeled - moved) > report.ahead + 8;
        const isOdd = isAhead || most - least > 2 || (wheeled >= 0 ? -least : most) > 2;
        if (isOdd && report.oddities.length < 5) {
          const all = [...now].map(([key, at]) => `${key.slice(-4)} ${before.get(key) ?? 'new'} → ${at}`);
          report.oddities.push(
            `frame ${report.frames}, wheeled by ${wheeled - lastWheeled}, ${moved} of ${wheeled}: ${all.join(', ')}`,
          );
        }
        report.back = Math.max(report.back, wheeled >= 0 ? -least : most);
        report.ahead = Math.max(report.ahead, wheeled >= 0 ? moved - wheeled : wheeled - moved);
      }
      // Of the beginning and the end of the list some is no message.
      const isBlank = !isAtEnd() && (top > window.top + 220 || bottom < window.bottom - 24);
      if (isBlank) {
        report.blankFrames++;
        if (blankSince === 0) blankSince = lastFrame;
        report.blankMs = Math.max(report.blankMs, time - blankSince);
      } else blankSince = 0;
      report.drawn = Math.max(report.drawn, rows.length);
      if (report.frames % 30 === 0)
        report.elements = Math.max(report.elements, document.querySelectorAll('*').length);
      report.frames++;
      if (lastFrame > 0) report.frameTimes.push(time - lastFrame);
      lastFrame = time;
      before = now;
      lastWheeled = wheeled;
    };
    const frame = (time: number): void => {
      requestAnimationFrame(frame);
      // Rows are measured, and the list corrected, after callbacks of frames and before it is painted.
      void scheduler.postTask(() => look(time), { priority: 'user-blocking' });
    };
    requestAnimationFrame(frame);
    globalThis.recorder = {
      report,
      settle: () => {
        if (!isHeldUp) report.astray = Math.max(report.astray, Math.abs(wheeled - moved));
        [wheeled, moved, isHeldUp] = [0, 0, false];
        lastWheeled = 0;
      },
    };
  });

declare const scheduler: {
  postTask(task: () => void, options: { priority: 'user-blocking' }): Promise<void>;
};

/** What was seen so far. */
export async function readRecord(page: Page): Promise<ScrollReport> {
  const report = await page.evaluate(() => globalThis.recorder?.report);
  if (report === undefined) throw new Error('Nothing is recorded: call startRecording first.');
  return report;
}

/** Until nothing moves any more; then compares where messages are with where the wheel led. */
export async function comeToRest(page: Page): Promise<void> {
  await settle(page, 12);
  await page.evaluate(() => globalThis.recorder?.settle());
}

/** Turns the wheel for so many pixels in all, by `step` at a time: the next once the page has taken the one before. */
export async function wheelUp(page: Page, distance: number, step: number): Promise<void> {
  for (let turned = 0; turned < distance; turned += step) await page.mouse.wheel(0, -step);
}
