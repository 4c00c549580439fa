import type { Database } from './database.ts';

/**
 * Transaction ids, which catching up goes by, mean something within one database cluster alone. To be called at every
 * start: in a database that was dumped from one and restored into another, all that was written counts as old from now
 * on, and a new epoch begins, so that cursors of before are told to begin anew. Answers whether that was so.
 */
export function checkTimeline(database: Database): Promise<boolean> {
  return database.transact(async (tx) => {
    const [may] = await tx.query<{ execute: boolean }>(
      `select has_function_privilege('pg_control_system()', 'execute') as execute`,
    );
    // Then it can't be told; a restored database is known by its operator alone.
    if (may?.execute !== true) return false;
    const [found] = await tx.query<{ is_new: boolean; is_known: boolean }>(
      `select t.system_identifier is not null as is_known,
         t.system_identifier is distinct from s.system_identifier as is_new
       from parley.timeline t, pg_control_system() s for update of t`,
    );
    if (found?.is_new !== true) return false;
    await tx.query(
      `update parley.timeline set system_identifier = (select system_identifier from pg_control_system())`,
    );
    if (!found.is_known) return false;
    await tx.query('update parley.timeline set epoch = epoch + 1');
    for (const statement of forget) await tx.query(statement);
    return true;
  });
}

/** An id of before the first transaction of any cluster. */
const old = `'1'::xid8`;

const forget = [
  `update parley.conversations set xid = ${old}, activity = 0`,
  `update parley.conversation_participants set xid = ${old}, receipt_xid = ${old}, joined_xid = ${old}`,
  `update parley.messages set xid = ${old}`,
  `update parley.users set xid = ${old}`,
];
