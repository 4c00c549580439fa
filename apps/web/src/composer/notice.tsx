import type { ReactNode } from 'react';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icons.tsx';
import { useToasts } from '../ui/toast.tsx';
import { useDraft } from './draft.ts';

interface NoticeProps {
  readonly id: string;
  readonly standing: 'muted' | 'gone';
}

/** In place of the field. What was being written can still be taken elsewhere. */
export default function Notice({ id, standing }: NoticeProps): ReactNode {
  const [{ text }] = useDraft(id);
  const { say, fail } = useToasts();
  const copy = () => navigator.clipboard.writeText(text).then(() => say('Copied'), fail);
  const hasText = text.trim() !== '';
  // Above it stands why.
  if (standing === 'gone' && !hasText) return null;
  return (
    <div className="composer-notice">
      {standing === 'muted' && (
        <>
          <Icon name="mute" />
          <p role="status">You are muted here. You can read, but not write.</p>
        </>
      )}
      {hasText && (
        <Button icon="copy" onClick={() => void copy()}>
          Copy what you wrote
        </Button>
      )}
    </div>
  );
}
