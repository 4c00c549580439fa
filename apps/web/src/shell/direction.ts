/** Languages that are written from right to left. */
const rightToLeft = new Set([
  'ar',
  'arc',
  'ckb',
  'dv',
  'fa',
  'he',
  'khw',
  'ks',
  'nqo',
  'ps',
  'sd',
  'ug',
  'ur',
  'yi',
]);

/** That of the person's first language, or what `?dir=` of the address says. */
export function preferredDirection(languages: readonly string[], query: string): 'ltr' | 'rtl' {
  const asked = new URLSearchParams(query).get('dir');
  if (asked === 'ltr' || asked === 'rtl') return asked;
  const [language = ''] = (languages[0] ?? '').toLowerCase().split('-');
  return rightToLeft.has(language) ? 'rtl' : 'ltr';
}
