import { useCallback } from 'react';
import { readConfig } from '../session/config.ts';
import { useAccount } from '../shell/account-context.ts';
import { useDrafts } from './draft.ts';
import { refusalOf } from './files.ts';

let lastKey = 0;

/** Puts files into a draft, to be looked at before they are sent; says in place which ones the server would not take. */
export function useAddFiles(id: string): (files: readonly File[]) => Promise<void> {
  const drafts = useDrafts();
  const { server } = useAccount();
  return useCallback(
    async (files: readonly File[]) => {
      // Without its answer the server itself decides, once the file is there.
      const config = await readConfig(server).catch(() => null);
      const checked = files.map((file) => ({ file, refusal: config && refusalOf(file, config) }));
      const staged = checked.filter(({ refusal }) => refusal === null);
      drafts.change(id, {
        files: [...drafts.of(id).files, ...staged.map(({ file }) => ({ key: `file-${++lastKey}`, file }))],
        refusals: checked.flatMap(({ refusal }) => refusal ?? []),
      });
    },
    [drafts, id, server],
  );
}
