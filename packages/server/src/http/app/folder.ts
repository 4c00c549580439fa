import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** In the published package and in the image: beside `src`. */
const packaged = fileURLToPath(new URL('../../../app', import.meta.url));
/** In a checkout: where `npm run build` puts it. */
const built = fileURLToPath(new URL('../../../../../apps/web/dist', import.meta.url));

/** Where the web app is, or would be once it is built. */
export const findApp = (): string => (existsSync(packaged) ? packaged : built);
