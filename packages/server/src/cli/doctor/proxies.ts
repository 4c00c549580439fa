import type { Config } from '../../config.ts';
import type { Finding } from './finding.ts';

/** Good to know, and no fault: it may be that nobody can reach the server but through a proxy that sets it anew. */
export function checkProxies({ trustProxy }: Config): Finding[] {
  const everybody =
    trustProxy === true ||
    (typeof trustProxy === 'string' && trustProxy.split(',').some((range) => range.endsWith('/0')));
  if (!everybody) return [];
  return [
    {
      level: 'note',
      subject: 'Proxies',
      text: 'TRUST_PROXY trusts everybody: a caller can name any address as its own, and limits by address count by that',
      mend: 'set TRUST_PROXY to the number of proxies in front of the server, or to their addresses',
    },
  ];
}
