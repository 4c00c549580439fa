import type { ClientFrame, Message, ServerFrames } from '@parley/protocol';
import { Parley, type ParleyOptions } from './core.ts';
import type { GetToken } from './tokens.ts';

/**
 * The messaging specification's own example class: change its import, and keep your subclass. Underneath it is a `Parley`,
 * at `parley`, so it reconnects, catches up and never doubles a message by itself.
 */
export class MessagingClient {
  readonly parley: Parley;

  /** `token`: one that stays valid, or a function that answers a valid one. */
  constructor(baseUrl: string, token: string | GetToken, options: Partial<ParleyOptions> = {}) {
    const getToken = typeof token === 'function' ? token : () => token;
    this.parley = new Parley({ ...options, url: baseUrl.replace(/\/api\/?$/, ''), getToken });
    this.parley.on('*', (event) => {
      if (event.type !== 'connection') this.handleMessage(event);
      else if (event.status === 'live') this.onConnected();
      else if (event.status === 'waiting' || event.status === 'closed') this.onDisconnected();
    });
  }

  /** Connects, and again by itself whenever the connection is lost. Resolves when everything is up to date. */
  connect(): Promise<void> {
    return this.parley.connect();
  }

  /** Ends the connection. */
  disconnect(): Promise<void> {
    return this.parley.close();
  }

  /** Typing and status in this conversation are told from now on, after a reconnect, too. */
  joinConversation(conversationId: string): void {
    const conversation = this.parley.conversation(conversationId);
    if (!conversation.isOpen) conversation.open().catch(() => undefined);
  }

  leaveConversation(conversationId: string): void {
    this.parley.conversation(conversationId).close();
  }

  /** Resolves once it is sent, however long that takes. @throws ParleyError if it is refused */
  sendMessage(conversationId: string, content: string, replyToId: string | null = null): Promise<Message> {
    return this.parley.conversation(conversationId).send({ content, reply_to_id: replyToId });
  }

  startTyping(conversationId: string): void {
    this.parley.conversation(conversationId).typing();
  }

  stopTyping(conversationId: string): void {
    this.parley.conversation(conversationId).typing(false);
  }

  /** You have read it, and all before it. Failures are not told, as in the example. */
  markMessageRead(messageId: string, _conversationId?: string): void {
    this.parley.api.markRead(messageId).catch(() => undefined);
  }

  /** The same as `markMessageRead`. */
  markAsRead(messageId: string, conversationId?: string): void {
    this.markMessageRead(messageId, conversationId);
  }

  /** Any other frame; while there is no connection it is dropped, as in the example. */
  send(frame: ClientFrame): void {
    this.parley.sendFrame(frame);
  }

  /** Passes an event to its handler; override it to see all of them. */
  handleMessage(data: ServerFrames[keyof ServerFrames]): void {
    switch (data.type) {
      case 'new_message':
        return this.onNewMessage(data.message);
      case 'user_status_change':
        return this.onUserStatusChange(data);
      case 'typing_start':
        return this.onTypingStart(data);
      case 'typing_stop':
        return this.onTypingStop(data);
      case 'message_read':
        return this.onMessageRead(data);
      case 'error':
        return this.onError(data);
      default:
    }
  }

  // To be overridden.

  onConnected(): void {}
  onDisconnected(): void {}
  onNewMessage(_message: Message): void {}
  onUserStatusChange(_data: ServerFrames['user_status_change']): void {}
  onTypingStart(_data: ServerFrames['typing_start']): void {}
  onTypingStop(_data: ServerFrames['typing_stop']): void {}
  onMessageRead(_data: ServerFrames['message_read']): void {}
  onError(_data: ServerFrames['error']): void {}
}
