import { appRoles, limitTypes, type AppRole, type LimitType } from '@parley/protocol';
import { Counter, Gauge, type Registry } from 'prom-client';

export interface LimitMetrics {
  /** A request or a frame was refused by a limit. `anonymous`: counted by address, its sender is not known. */
  hit(type: LimitType, role: AppRole | 'anonymous'): void;
  /** Whether this node limits on its own because Redis is away. */
  fallback(active: boolean): void;
}

/** Limit hits, and whether limits hold across nodes at the moment. */
export function limitMetrics(registers: [Registry]): LimitMetrics {
  const hits = new Counter({
    name: 'parley_rate_limit_hits_total',
    help: "Requests and frames refused by a rate limit, by its type and the sender's application role.",
    labelNames: ['type', 'role'],
    registers,
  });
  for (const type of limitTypes) for (const role of [...appRoles, 'anonymous']) hits.inc({ type, role }, 0);
  const fallback = new Gauge({
    name: 'parley_rate_limit_fallback',
    help: '1 while this node limits on its own because Redis is away, else 0.',
    registers,
  });
  return {
    hit: (type, role) => hits.inc({ type, role }),
    fallback: (active) => fallback.set(active ? 1 : 0),
  };
}
