import { hash } from 'node:crypto';

/** Over what a request means: equal for a retry, different for a different request under the same `client_id`. */
export const requestHash = (...meaning: unknown[]): Buffer =>
  hash('sha256', JSON.stringify(meaning), 'buffer').subarray(0, 16);
