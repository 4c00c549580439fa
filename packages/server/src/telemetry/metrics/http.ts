import { errors, type ErrorCode } from '@parley/protocol';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { Method, RoutePattern } from '../request-facts.ts';

export interface AnsweredRequest {
  readonly method: Method;
  readonly route: RoutePattern;
  /** The status answered, or `aborted` where the caller hung up before. */
  readonly status: number | 'aborted';
  readonly ms: number;
  /** Why it was refused, where it was. */
  readonly code?: ErrorCode | undefined;
}

export interface HttpMetrics {
  answered(request: AnsweredRequest): void;
}

/** Response times and error rates of the REST API. */
export function httpMetrics(registers: [Registry]): HttpMetrics {
  const labelNames = ['method', 'route', 'status_class'] as const;
  const requests = new Counter({
    name: 'parley_http_requests_total',
    help: 'HTTP requests answered, by class of status (`aborted`: the caller hung up).',
    labelNames,
    registers,
  });
  const duration = new Histogram({
    name: 'parley_http_request_duration_seconds',
    help: 'Time from the arrival of an HTTP request to the end of its answer.',
    labelNames,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const refusals = new Counter({
    name: 'parley_http_errors_total',
    help: 'HTTP requests refused, by the code of the error.',
    labelNames: ['code'],
    registers,
  });
  for (const code of Object.keys(errors)) refusals.inc({ code }, 0);

  return {
    answered({ method, route, status, ms, code }) {
      const labels = { method, route, status_class: statusClass(status) };
      requests.inc(labels);
      duration.observe(labels, ms / 1000);
      if (code !== undefined) refusals.inc({ code });
    },
  };
}

const statusClass = (status: number | 'aborted'): string =>
  status === 'aborted' ? status : `${String(Math.min(5, Math.max(1, Math.floor(status / 100))))}xx`;
