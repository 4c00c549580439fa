import { useCallback, type ReactNode } from 'react';
import type { AnyMessage, ReceiptList } from '@parley/client';
import { useConversationState, useParley } from '@parley/react';
import { Avatar } from '../../ui/avatar.tsx';
import { Dialog, DialogError } from '../../ui/dialog.tsx';
import { formatMoment } from '../../ui/format.ts';
import { useAnswer } from './use-answer.ts';

interface DetailsDialogProps {
  readonly message: AnyMessage;
  readonly onClose: () => void;
}

/** Who received and read a message, and when; goes on while it is open. */
export default function DetailsDialog({ message, onClose }: DetailsDialogProps): ReactNode {
  const parley = useParley();
  const people = useConversationState(message.conversation_id, (state) => state.participants);
  const ask = useCallback(
    () => parley.api.listReceipts(message.id, { limit: 100 }),
    // Watermarks of people are part of them: whenever one moves, this is asked again.
    // oxlint-disable-next-line react/exhaustive-deps
    [parley, message.id, people],
  );
  const { value: list, problem } = useAnswer(ask);
  return (
    <Dialog
      title="Message details"
      description={`Sent ${formatMoment(message.created_at)}`}
      onClose={onClose}
    >
      <DialogError error={problem} />
      {list !== null && <Receipts list={list} />}
    </Dialog>
  );
}

function Receipts({
  list: { receipts, delivered_count: delivered, read_count: read },
}: {
  readonly list: ReceiptList;
}): ReactNode {
  return (
    <div className="receipts">
      {delivered > 0 && (
        <p className="receipts-sum">
          {read < delivered ? `Read by ${read}, received by ${delivered}` : `Read by ${read}`}
        </p>
      )}
      <ul>
        {receipts.map(({ user_id: id, display_name: name, read_at: readAt, delivered_at: deliveredAt }) => (
          <li key={id} className="receipt">
            <Avatar id={id} name={name} size={32} />
            <span className="receipt-name one-line">{name}</span>
            <span className="receipt-when">
              {readAt !== null
                ? `Read ${formatMoment(readAt)}`
                : deliveredAt !== null
                  ? `Received ${formatMoment(deliveredAt)}`
                  : 'Not received yet'}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
