/**
 * A WebSocket server that accepts whoever comes, and does nothing with them: what a socket costs at least with `ws`. As its
 * documentation teaches; without compression, which is off unless asked for.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });

sockets.on('connection', (socket) => {
  socket.on('error', console.error);
  socket.on('message', (data) => console.log('received: %s', data));
});

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(`http://127.0.0.1:${port}`);
});
