import type { UserStatus } from '@parley/client';

// The words around it are English.
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'long' });
const dayWithYear = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'long', year: 'numeric' });

const minute = 60_000;
const hour = 60 * minute;

/** `Online`, `Away`, `Busy`, `Last seen 5 min. ago`, `Offline`; nothing as long as it is not known. */
export function presenceText(status: UserStatus | undefined, now: number): string {
  if (status === undefined) return '';
  if (status.status !== 'offline') return { online: 'Online', away: 'Away', busy: 'Busy' }[status.status];
  return status.last_seen_at === null ? 'Offline' : `Last seen ${agoText(status.last_seen_at, now)}`;
}

function agoText(iso: string, now: number): string {
  const then = new Date(iso);
  const ago = Math.max(0, now - then.getTime());
  if (ago < minute) return 'just now';
  if (ago < hour) return relative.format(-Math.floor(ago / minute), 'minute');
  if (ago < 24 * hour) return relative.format(-Math.floor(ago / hour), 'hour');
  if (ago < 7 * 24 * hour) return relative.format(-Math.floor(ago / (24 * hour)), 'day');
  return then.getFullYear() === new Date(now).getFullYear() ? day.format(then) : dayWithYear.format(then);
}

/** `Bob is typing…` */
export function typingText(names: readonly string[]): string {
  const [first = 'Somebody', second] = names;
  if (names.length <= 1) return `${first} is typing…`;
  if (names.length === 2) return `${first} and ${second} are typing…`;
  return `${names.length} people are typing…`;
}
