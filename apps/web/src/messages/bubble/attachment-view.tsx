import { useCallback, useEffect, useState, type ReactNode } from 'react';
import type { AnyMessage } from '@parley/client';
import { useParley } from '@parley/react';
import { formatSize } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { useToasts } from '../../ui/toast.tsx';
import { isImage, type Attachment } from './attachment.ts';
import { download, thumbnailOf } from './files.ts';
import { late, preload } from '../../ui/late.tsx';

const loadLightbox = () => import('./lightbox.tsx');
const Lightbox = late(loadLightbox);

interface AttachmentViewProps {
  readonly message: AnyMessage;
  readonly attachment: Attachment;
}

/** A picture, or a card for any other file. */
export const AttachmentView = (props: AttachmentViewProps): ReactNode =>
  isImage(props.attachment) ? <Picture {...props} /> : <FileCard {...props} />;

/** Pixels that a picture takes at most. */
const maxHeight = 340;
const maxWidth = 420;

function Picture({ message, attachment }: AttachmentViewProps): ReactNode {
  const { id, file_name: name, width, height } = attachment;
  const { address, hasFailed, load } = useThumbnail(id);
  const [isOpen, setOpen] = useState(false);
  const [w, h] = [width ?? 4, height ?? 3];
  const scale = Math.min(1, maxWidth / w, maxHeight / h);
  return (
    <>
      <button
        type="button"
        className="picture"
        aria-label={hasFailed ? `Load ${name} again` : `Open ${name}`}
        aria-haspopup={hasFailed ? undefined : 'dialog'}
        style={{ width: Math.max(96, Math.round(w * scale)), aspectRatio: `${w} / ${Math.max(h, w / 4)}` }}
        onPointerEnter={() => preload(loadLightbox)}
        onClick={() => (hasFailed ? load() : setOpen(true))}
      >
        {address !== null && (
          <img src={address} alt={message.content === '' ? name : message.content} draggable={false} />
        )}
        {hasFailed && (
          <span className="picture-failed">
            <Icon name="retry" /> Try again
          </span>
        )}
      </button>
      {isOpen && <Lightbox message={message} onClose={() => setOpen(false)} />}
    </>
  );
}

function useThumbnail(fileId: string): { address: string | null; hasFailed: boolean; load: () => void } {
  const parley = useParley();
  const [state, setState] = useState<{ address: string | null; hasFailed: boolean }>({
    address: null,
    hasFailed: false,
  });
  const load = useCallback(() => {
    let isWanted = true;
    setState((before) => ({ ...before, hasFailed: false }));
    thumbnailOf(parley, fileId).then(
      (address) => isWanted && setState({ address, hasFailed: false }),
      () => isWanted && setState({ address: null, hasFailed: true }),
    );
    return () => {
      isWanted = false;
    };
  }, [parley, fileId]);
  useEffect(load, [load]);
  return { ...state, load };
}

function FileCard({ attachment }: AttachmentViewProps): ReactNode {
  const parley = useParley();
  const { fail } = useToasts();
  const { id, file_name: name, size } = attachment;
  return (
    <button
      type="button"
      className="file-card"
      aria-label={`Download ${name}, ${formatSize(size)}`}
      onClick={() => void download(parley, id, name).catch(fail)}
    >
      <span className="file-card-icon">
        <Icon name="file" size={24} />
      </span>
      <span className="file-card-text">
        <span className="file-card-name">{name}</span>
        <span className="file-card-size">{formatSize(size)}</span>
      </span>
      <Icon name="download" />
    </button>
  );
}
