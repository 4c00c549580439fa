/**
 * Socket.IO as its documentation teaches to send to a room: whoever connects joins it, and a message goes out by
 * `io.to(room).emit`. Nobody is asked who they are, and nothing is kept.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { newMessage } from './new-message.ts';

interface SendMessage {
  readonly room: string;
  readonly content: string;
}

const http = createServer();
const io = new Server(http);
const room = process.env['ROOM'] ?? '';

io.on('connection', async (socket) => {
  socket.on('message', ({ room: to, content }: SendMessage, acknowledge: () => void) => {
    io.to(to).emit('message', newMessage(to, content));
    acknowledge();
  });
  await socket.join(room);
});

http.listen(0, '127.0.0.1');
await once(http, 'listening');
const address = http.address();
if (address === null || typeof address === 'string') throw new Error('it listens on no port');
console.log(`http://127.0.0.1:${address.port}`);
