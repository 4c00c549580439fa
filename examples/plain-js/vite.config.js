/** The page and Parley from one address, as behind a proxy of yours: so nothing has to be allowed by `CORS_ORIGINS`. */
const parley = process.env.PARLEY_URL ?? 'http://127.0.0.1:8000';

export default { server: { proxy: { '/api': { target: parley, ws: true }, '/demo': parley } } };
