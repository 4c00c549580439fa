export * from './common.ts';
export * from './conversations.ts';
export * from './errors.ts';
export * from './files.ts';
export * from './frames.ts';
export * from './limits.ts';
export * from './messages.ts';
export * from './users.ts';
