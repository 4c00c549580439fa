/** `(3) Lunch — Parley` */
export function windowTitle(conversation: string | null, unread: number): string {
  const count = unread === 0 ? '' : unread > 99 ? '(99+) ' : `(${unread}) `;
  return conversation === null ? `${count}Parley` : `${count}${conversation} — Parley`;
}
