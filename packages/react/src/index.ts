'use client';

export { ParleyProvider, useParley, type ParleyProviderProps } from './provider.ts';
export { useConnection, useConversations, useUnread, useUserId, type Conversations } from './overview.ts';
export { useConversationState, useParleyState } from './state.ts';
export {
  useConversation,
  useParticipants,
  type ConversationView,
  type Participants,
} from './conversation.ts';
export { useMessages, type Messages } from './messages.ts';
export { usePresence, useTyping, type Typing } from './presence.ts';
export { useSend, type Send } from './send.ts';
export { uploadsOf, useUpload, type Uploads } from './upload.ts';
export type { Upload, UploadQueue } from './uploads.ts';
export { useMessaging, type Messaging, type MessagingOptions } from './messaging.ts';
