/** The protocol's limits that a replica needs; a test holds them to `limits` of `@parley/protocol`. */
export const limits = {
  /** Participants that a conversation carries in itself. */
  participantsShown: 100,
  /** Above this many people others' receipts are not told. */
  receiptAudience: 200,
  /** Code points of a parent's text that a reply repeats. */
  replyPreviewLength: 200,
} as const;
