import { readCursor, writeCursor } from './cursor.ts';
import type { Horizon } from './ports.ts';

/** From where somebody catches up. */
export interface SyncCursor {
  readonly since: Horizon;
  /** In the midst of an answer of several pages: with which conversation the last one ended. */
  readonly onward: {
    /** The transaction id of the moment of the first page, from which the next catch-up will go on. */
    readonly from: number;
    readonly after: string;
  } | null;
}

const none = '00000000-0000-0000-0000-000000000000';

export const writeSyncCursor = ({ since: { epoch, xid }, onward }: SyncCursor): string =>
  writeCursor([epoch, xid, onward?.from ?? 0, onward?.after ?? none]);

/** @throws Refusal `validation_failed` for what `writeSyncCursor` did not make */
export function readSyncCursor(cursor: string): SyncCursor {
  const [epoch, xid, from, after] = readCursor(cursor, ['count', 'count', 'count', 'id']);
  return { since: { epoch, xid }, onward: after === none ? null : { from, after } };
}
