import type { ReactNode } from 'react';

/** Drawn on a grid of 20, in strokes of 1.6. */
const paths = {
  add: 'M10 4v12M4 10h12',
  archive: 'M3 4h14v4H3zM4.500 8v8h11V8M8 11.500h4',
  arrowDown: 'M10 4v12M5 11l5 5 5-5',
  back: 'M12.500 4.500 7 10l5.500 5.500',
  bell: 'M5 14V9a5 5 0 0 1 10 0v5l1.500 1.500h-13zM8.500 17.500h3',
  check: 'M4 10.500 8 14.500 16 6',
  checks: 'M1.500 10.500 5 14.500 12 6M9 13.500l1 1L18 6',
  clock: 'M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M10 6.500V10l2.500 2',
  close: 'M5 5l10 10M15 5 5 15',
  copy: 'M7 7h9v9H7zM13 7V4H4v9h3',
  crown: 'M3 6l3.500 4L10 4.500 13.500 10 17 6l-1.500 9h-11z',
  download: 'M10 3v9M6 8.500l4 4 4-4M4 16h12',
  edit: 'M4 16l.8-3.600L13 4.200l2.800 2.800-8.200 8.200zM11.500 5.700l2.800 2.800',
  emoji:
    'M10 2.500a7.500 7.500 0 1 0 0 15 7.500 7.500 0 0 0 0-15M6.700 11.700c.8 1.400 1.900 2 3.300 2s2.500-.6 3.300-2M7.500 7.700v.4M12.500 7.700v.4',
  error: 'M10 2.500a7.500 7.500 0 1 0 0 15 7.500 7.500 0 0 0 0-15M10 6.200v4.600M10 13.600v.2',
  file: 'M5 2.500h6.500L15.500 6.500V17.500H5zM11.500 2.500V6.500h4',
  forward: 'M7.500 4.500 13 10l-5.500 5.500',
  keyboard:
    'M2.500 5h15v10h-15zM5.500 8h.1M8.500 8h.1M11.500 8h.1M14.500 8h.1M5.500 11h.1M14.500 11h.1M8 12h4',
  leave: 'M8 3H3.500v14H8M8 10h9M13.500 6.500 17 10l-3.500 3.500',
  menu: 'M10 5v.1M10 10v.1M10 15v.1',
  mute: 'M7 8v2a3 3 0 0 0 4.600 2.500M13 10V5a3 3 0 0 0-5.500-1.700M4.500 9.500a5.500 5.500 0 0 0 9 4.700M15.500 9.500a6 6 0 0 1-.3 1.900M10 15v2.500M3 2.500l14 15',
  paperclip:
    'M15.500 9.500l-6 6a3.600 3.600 0 0 1-5-5l6.700-6.700a2.400 2.400 0 0 1 3.400 3.400L8 13.800a1.200 1.200 0 0 1-1.700-1.700l5.700-5.700',
  people:
    'M7.500 9.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6M2 16.500c0-3 2.400-4.700 5.500-4.700s5.500 1.700 5.500 4.700M13 3.800a3 3 0 0 1 0 5.500M15 12.300c1.800.6 3 2 3 4.200',
  reply: 'M8 5 3.500 9.500 8 14M4 9.500h7.500c3 0 5 2 5 5',
  retry: 'M15.500 6.500A6.500 6.500 0 1 0 16.500 11M16 3v4h-4',
  search: 'M9 3.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11M13 13l4 4',
  send: 'M3.500 10 2.500 3.500 17.500 10l-15 6.500zM3.500 10h6.500',
  settings: 'M3 6h8M15 6h2M13 4a2 2 0 1 0 0 4 2 2 0 0 0 0-4M3 14h2M9 14h8M7 12a2 2 0 1 0 0 4 2 2 0 0 0 0-4',
  spark: 'M10 2.500 11.800 8.200 17.500 10l-5.700 1.800L10 17.500l-1.800-5.700L2.500 10l5.700-1.800z',
  trash:
    'M3.500 5.500h13M8 5.500V3h4v2.500M5 5.500l.8 11.500h8.400L15 5.500M8.300 8.500l.3 5.500M11.700 8.500l-.3 5.500',
  write: 'M4 16l.8-3.600L13 4.200l2.800 2.800-8.200 8.200zM10 16.500h6.500',
} as const;

export type IconName = keyof typeof paths;

/** Says nothing by itself: name what it stands on. Those that point along the line turn with the direction of writing. */
export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }): ReactNode {
  const turns =
    name === 'back' || name === 'forward' || name === 'reply' || name === 'leave' || name === 'send';
  return (
    <svg
      className={turns ? 'icon icon-turns' : 'icon'}
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'menu' ? 2.4 : 1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}
