import { useEffect, useState, type ReactNode } from 'react';
import { Icon } from '../ui/icons.tsx';

/** A small picture of a file that is still on this machine; the name stands beside it. */
export function FilePicture({ file }: { readonly file: Blob }): ReactNode {
  const url = useObjectUrl(file.type.startsWith('image/') ? file : null);
  const [isBroken, setBroken] = useState(false);
  return (
    <span className="file-picture">
      {url === null || isBroken ? (
        <Icon name="file" />
      ) : (
        <img src={url} alt="" onError={() => setBroken(true)} />
      )}
    </span>
  );
}

function useObjectUrl(file: Blob | null): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (file === null) return undefined;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => {
      setUrl(null);
      URL.revokeObjectURL(made);
    };
  }, [file]);
  return url;
}
