/**
 * What is loaded in chunks of its own. Both are asked for at `connect`, beside the token, so that none is first wanted
 * when the network may be gone.
 */

/** All that is needed from `connect` to `close`. */
export const loadSession = () => import('./session.ts');
export const loadUpload = () => import('./upload.ts');
