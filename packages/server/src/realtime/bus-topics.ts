import type { BusEvent, Topic } from '../messaging/ports.ts';
import { entrants, isChange } from './change.ts';

/** Topics are spread over so many groups; those of one share a slot of a cluster, and so a command. */
export const bucketCount = 256;
/** An event for more people than this goes once to every node rather than once to each of them. */
const mostUsers = 8;

/**
 * The names of the channels of one installation: another one on the same Redis has others. The braces hold what the
 * slot is computed from.
 */
export class ChannelNames {
  readonly #prefix: string;
  /** Followed by every node. */
  readonly everybody: string;

  constructor(installation: string) {
    if (/[{}]/.test(installation)) throw new Error('an installation of the bus has a name without braces');
    this.#prefix = `parley:${installation}:{`;
    this.everybody = `${this.#prefix}0}:all`;
  }

  of({ kind, id }: Topic): string {
    return `${this.#prefix}${bucketOf(id)}}:${kind === 'user' ? 'u' : 'c'}:${id}`;
  }

  /** What stands between the braces of a bucket's channels. */
  tagOf = (bucket: number): string => String(bucket);

  /** The bucket of a channel; -1 of one that is not ours. */
  bucketOf(channel: string): number {
    if (!channel.startsWith(this.#prefix)) return -1;
    const bucket = Number.parseInt(channel.slice(this.#prefix.length), 10);
    return bucket >= 0 && bucket < bucketCount ? bucket : -1;
  }

  /** Where an event goes: to those who follow its conversation, those whom it puts in, or everybody. */
  for(event: BusEvent): readonly string[] {
    const { audience } = event;
    switch (audience.kind) {
      case 'conversation': {
        const newcomers = isChange(event) ? entrants(event) : [];
        return [
          this.of({ kind: 'conversation', id: audience.conversationId }),
          ...newcomers.map((id) => this.of({ kind: 'user', id })),
        ];
      }
      case 'users':
        if (audience.userIds.length > mostUsers) return [this.everybody];
        return audience.userIds.map((id) => this.of({ kind: 'user', id }));
      case 'conversations':
        return audience.conversationIds.length === 0 ? [] : [this.everybody];
    }
  }
}

/** FNV-1a: quick, and even over ids of any shape. */
function bucketOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index++) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  return ((hash >>> 16) ^ hash) & (bucketCount - 1);
}
