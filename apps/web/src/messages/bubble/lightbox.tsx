import { useCallback, useState, type CSSProperties, type KeyboardEvent, type ReactNode } from 'react';
import type { AnyMessage } from '@parley/client';
import { useConversationState, useParley } from '@parley/react';
import { IconButton } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { formatMoment } from '../../ui/format.ts';
import { useToasts } from '../../ui/toast.tsx';
import { attachmentOf, isImage, type Attachment } from './attachment.ts';
import { download } from './files.ts';
import { useAnswer } from './use-answer.ts';

interface Slide {
  readonly message: AnyMessage;
  readonly attachment: Attachment;
}

const slideOf = (message: AnyMessage): Slide[] => {
  const attachment = attachmentOf(message);
  return attachment !== null && isImage(attachment) ? [{ message, attachment }] : [];
};

interface LightboxProps {
  readonly message: AnyMessage;
  readonly onClose: () => void;
}

/** Pictures of a conversation, large, one after the other. */
export default function Lightbox({ message, onClose }: LightboxProps): ReactNode {
  const messages = useConversationState(message.conversation_id, (state) => state.messages);
  const slides = messages.flatMap(slideOf);
  const [shownId, setShownId] = useState(message.id);
  const index = slides.findIndex((slide) => slide.message.id === shownId);
  const slide = slides[index] ?? slideOf(message)[0];
  const go = (by: number): void => {
    const next = slides[index + by];
    if (next !== undefined) setShownId(next.message.id);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const isRtl = getComputedStyle(event.currentTarget).direction === 'rtl';
    if (event.key === 'ArrowLeft') go(isRtl ? 1 : -1);
    if (event.key === 'ArrowRight') go(isRtl ? -1 : 1);
  };
  if (slide === undefined) return null;
  return (
    <Dialog title={slide.attachment.file_name} shape="full" onClose={onClose}>
      <div className="lightbox" onKeyDown={onKeyDown}>
        <LargePicture key={slide.attachment.id} slide={slide} />
        <footer className="lightbox-foot">
          <span className="lightbox-side">
            {slides.length > 1 && (
              <IconButton icon="back" label="Previous picture" disabled={index <= 0} onClick={() => go(-1)} />
            )}
          </span>
          <Caption slide={slide} />
          <span className="lightbox-side lightbox-end">
            <Download attachment={slide.attachment} />
            {slides.length > 1 && (
              <IconButton
                icon="forward"
                label="Next picture"
                disabled={index >= slides.length - 1}
                onClick={() => go(1)}
              />
            )}
          </span>
        </footer>
      </div>
    </Dialog>
  );
}

function Caption({ slide: { message } }: { readonly slide: Slide }): ReactNode {
  return (
    <p className="lightbox-caption">
      {message.content !== '' && (
        <span className="lightbox-words" dir="auto">
          {message.content}
        </span>
      )}
      <span className="lightbox-facts">
        {message.seq !== null && `${message.sender_name}, `}
        {formatMoment(message.created_at)}
      </span>
    </p>
  );
}

function Download({ attachment: { id, file_name: name } }: { readonly attachment: Attachment }): ReactNode {
  const parley = useParley();
  const { fail } = useToasts();
  return (
    <IconButton
      icon="download"
      label={`Download ${name}`}
      onClick={() => void download(parley, id, name).catch(fail)}
    />
  );
}

/** As large as fits, and no larger than it is; also before it is there. */
const boxOf = (width: number, height: number): CSSProperties => ({
  width: `min(${width}px, 100cqw, 100cqh * ${width / height})`,
  aspectRatio: `${width} / ${height}`,
});

function LargePicture({ slide: { message, attachment } }: { readonly slide: Slide }): ReactNode {
  const parley = useParley();
  const { id, file_name: name, width, height } = attachment;
  const ask = useCallback(() => parley.api.getFileUrl(id), [parley, id]);
  const { value: signed, problem } = useAnswer(ask);
  const [isBroken, setBroken] = useState(false);
  return (
    <div className="lightbox-stage">
      {problem !== null && <p role="alert">{problem}</p>}
      {isBroken && <p role="alert">The picture could not be loaded.</p>}
      {signed !== null && (
        <img
          src={signed.url}
          alt={message.content === '' ? name : message.content}
          style={typeof width === 'number' && typeof height === 'number' ? boxOf(width, height) : undefined}
          onError={() => setBroken(true)}
        />
      )}
    </div>
  );
}
