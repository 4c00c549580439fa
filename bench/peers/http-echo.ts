/** Answers the bytes of a file to every request, and does nothing else: what Node's own HTTP costs. PAGE: the file. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { envOf } from './env.ts';

const bytes = await readFile(envOf('PAGE'));
const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
  response.end(bytes);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) console.log(`http://127.0.0.1:${address.port}`);
});
