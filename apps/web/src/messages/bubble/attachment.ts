import type { AnyMessage } from '@parley/client';

/** A file that was posted: `metadata.attachment`, as the server makes it. */
export interface Attachment {
  readonly id: string;
  readonly file_name: string;
  readonly content_type: string;
  readonly size: number;
  readonly width?: number | null;
  readonly height?: number | null;
  readonly thumbnail_url?: string | null;
}

/** The file of a message, or null. */
export function attachmentOf({ metadata, message_type: type }: AnyMessage): Attachment | null {
  const { attachment } = metadata;
  if (type === 'text' || typeof attachment !== 'object' || attachment === null) return null;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of an upload it is the server's own
  return 'id' in attachment && 'file_name' in attachment ? (attachment as Attachment) : null;
}

/** Whether it can be shown in the page. */
export const isImage = ({ content_type: type, width, height }: Attachment): boolean =>
  type.startsWith('image/') && typeof width === 'number' && typeof height === 'number';
