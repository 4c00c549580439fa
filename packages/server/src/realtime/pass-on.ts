import type { BusEvent } from '../messaging/ports.ts';
import type { Channel, Member } from './channel.ts';
import { Fanout } from './fanout.ts';
import type { Prepare } from './listener.ts';

type Channels = ReadonlyMap<string, Channel>;

/** Gives an event that is no change of a conversation, and so has no place in its order, to those it is for. */
export function passOn(
  event: BusEvent,
  members: ReadonlyMap<string, Member>,
  channels: Channels,
  prepare: Prepare,
): void {
  const { audience } = event;
  const fanout = new Fanout(event, prepare);
  switch (audience.kind) {
    case 'users':
      for (const userId of audience.userIds) {
        const member = members.get(userId);
        if (member !== undefined) fanout.to(member);
      }
      return;
    case 'conversation': {
      const { conversationId, joinedOnly, except } = audience;
      if (joinedOnly === true) passToJoined(channels.get(conversationId), except, fanout);
      else for (const member of peopleIn(channels, [conversationId], except)) fanout.to(member);
      return;
    }
    case 'conversations':
      for (const member of peopleIn(channels, audience.conversationIds, audience.except)) fanout.to(member);
  }
}

function passToJoined(channel: Channel | undefined, except: string | undefined, fanout: Fanout): void {
  if (channel === undefined) return;
  for (const listener of channel.joined ?? []) {
    if (listener.userId !== except && !channel.isSilentFor(listener.userId)) fanout.toListener(listener);
  }
}

/** Everybody in any of these conversations, once. */
function peopleIn(
  channels: Channels,
  conversationIds: readonly string[],
  except: string | undefined,
): Set<Member> {
  const people = new Set<Member>();
  for (const id of conversationIds) {
    const channel = channels.get(id);
    if (channel === undefined) continue;
    for (const member of channel.everybody()) {
      if (member.userId !== except && !channel.isSilentFor(member.userId)) people.add(member);
    }
  }
  return people;
}
