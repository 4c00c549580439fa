import type { Conversation, Participant } from '@parley/client';

/** The page's words are English: those of dates have to be, too. Hours are as the browser's language has them. */
const locale = navigator.language.startsWith('en') ? navigator.language : 'en-GB';
const { hourCycle } = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' }).resolvedOptions();
const hours = { timeStyle: 'short', ...(hourCycle && { hourCycle }) } as const;

const time = new Intl.DateTimeFormat(locale, hours);
const weekday = new Intl.DateTimeFormat(locale, { weekday: 'long' });
const shortWeekday = new Intl.DateTimeFormat(locale, { weekday: 'short' });
const day = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' });
const dayWithYear = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric' });
const shortDay = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });
const shortDayWithYear = new Intl.DateTimeFormat(locale, { dateStyle: 'short' });
const full = new Intl.DateTimeFormat(locale, { dateStyle: 'full', ...hours });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', ...hours });
const relativeDay = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });

const startOfDay = (date: Date): number =>
  new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
const daysAgo = (date: Date, now: Date): number =>
  Math.round((startOfDay(now) - startOfDay(date)) / 86_400_000);

/** `14:05` */
export const formatTime = (iso: string): string => time.format(new Date(iso));

/** With day and year: for tooltips and screen readers. */
export const formatFull = (iso: string): string => full.format(new Date(iso));

/** `3 Mar 2024, 14:05`, within a sentence: set apart from its words, which may run the other way. */
export const formatMoment = (iso: string): string => `\u2068${moment.format(new Date(iso))}\u2069`;

/** `Today`, `Yesterday`, `Monday`, `Monday, 3 March`, `3 March 2024`: above the messages of a day. */
export function formatDay(iso: string, now = new Date()): string {
  const date = new Date(iso);
  const ago = daysAgo(date, now);
  if (ago === 0 || ago === 1) return capital(relativeDay.format(-ago, 'day'));
  if (ago > 1 && ago < 7) return weekday.format(date);
  return (date.getFullYear() === now.getFullYear() ? day : dayWithYear).format(date);
}

/** `14:05`, `Yesterday`, `Mon`, `3 Mar`: in a list. */
export function formatWhen(iso: string, now = new Date()): string {
  const date = new Date(iso);
  const ago = daysAgo(date, now);
  if (ago <= 0) return time.format(date);
  if (ago === 1) return capital(relativeDay.format(-1, 'day'));
  if (ago < 7) return shortWeekday.format(date);
  return (date.getFullYear() === now.getFullYear() ? shortDay : shortDayWithYear).format(date);
}

/** `2.4 MB` */
export function formatSize(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  let [size, unit] = [bytes, 0];
  for (; size >= 1000 && unit < units.length - 1; unit++) size /= 1000;
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: units[unit] ?? 'byte',
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: unit === 0 || size >= 10 ? 0 : 1,
  }).format(size);
}

const capital = (text: string): string => text.charAt(0).toLocaleUpperCase() + text.slice(1);

/** The other one of a direct conversation. */
export const otherOf = (conversation: Conversation, userId: string | null): Participant | undefined =>
  conversation.type === 'direct'
    ? conversation.participants.find((each) => each.user_id !== userId)
    : undefined;

const names = new Intl.ListFormat(locale, { type: 'unit', style: 'short' });

/** What a conversation is called: its title, the other one's name, or some of the names of a group. */
export function titleOf(conversation: Conversation, userId: string | null): string {
  if (conversation.title !== null) return conversation.title;
  const other = otherOf(conversation, userId);
  if (other !== undefined) return other.display_name;
  const others = conversation.participants.filter((each) => each.user_id !== userId);
  return others.length === 0 ? 'Just you' : names.format(others.slice(0, 4).map((each) => each.display_name));
}
