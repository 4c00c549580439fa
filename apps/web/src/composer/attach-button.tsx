import { useEffect, useRef, useState, type ReactNode } from 'react';
import { readConfig } from '../session/config.ts';
import { useAccount } from '../shell/account-context.ts';
import { IconButton } from '../ui/button.tsx';

/** Opens the system's own choice of files. */
export function AttachButton({ onFiles }: { readonly onFiles: (files: readonly File[]) => void }): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton icon="paperclip" label="Attach files" onClick={() => input.current?.click()} />
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={useAllowedTypes()}
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])]);
          // The same file can be chosen again.
          currentTarget.value = '';
        }}
      />
    </>
  );
}

/** For the system's dialog to offer first; undefined until the server has told. */
function useAllowedTypes(): string | undefined {
  const { server } = useAccount();
  const [types, setTypes] = useState<string>();
  useEffect(() => {
    let isHere = true;
    readConfig(server).then(
      (config) => isHere && setTypes(config.allowed_file_types.join(',')),
      () => undefined,
    );
    return () => {
      isHere = false;
    };
  }, [server]);
  return types;
}
