import type { ParleyApi } from './api.ts';
import type { ParleyEvent } from './events.ts';
import type { ConnectionState } from './state.ts';

/** A conversation that an app has asked for, as the parts of a session see it. */
export interface View {
  /** Whether its messages are shown, or are to be, so that they must be there. */
  readonly isShown: boolean;
  /** It is not there any more. */
  lose(access: 'removed' | 'deleted'): void;
  /** It was read anew, in place of what was held of it. */
  reread(): void;
  /** The connection has caught up. */
  resumed(): void;
}

/** The client, as the parts of a session see it. */
export interface Host {
  readonly api: ParleyApi;
  readonly views: ReadonlyMap<string, View>;
  /** What is shown of these conversations changed; without any: something outside of them did. */
  changed(...conversationIds: readonly string[]): void;
  connection(state: ConnectionState): void;
  emit(event: ParleyEvent): void;
}
