import { type ReactNode } from 'react';
import { useUpload } from '@parley/react';
import { late } from '../ui/late.tsx';

const UploadList = late(() => import('./upload-list.tsx'));

/** Files on their way, and those that did not get there. They become messages once they have arrived. */
export function Uploads({ id }: { readonly id: string }): ReactNode {
  const ways = useUpload(id);
  if (ways.uploads.length === 0) return null;
  return <UploadList {...ways} />;
}
