/**
 * The bare limit of `ws`: everybody is in one room, and a message is sent to each in a loop, as its documentation
 * teaches ("Server broadcast"). The JSON is made once a message, not once a socket. Nobody is asked who they are, and
 * nothing is kept.
 */
import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';
import { newMessage } from './new-message.ts';

interface SendMessage {
  readonly request_id: string;
  readonly conversation_id: string;
  readonly content: string;
}

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });

server.on('connection', (socket) => {
  socket.on('error', console.error);
  socket.on('message', (data: Buffer) => {
    const sent = JSON.parse(data.toString()) as SendMessage;
    const json = JSON.stringify(newMessage(sent.conversation_id, sent.content));
    for (const client of server.clients) if (client.readyState === WebSocket.OPEN) client.send(json);
    socket.send(JSON.stringify({ type: 'message_ack', request_id: sent.request_id }));
  });
});

await once(server, 'listening');
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('it listens on no port');
console.log(`http://127.0.0.1:${address.port}`);
