import type { Truth } from '../audit.ts';
import type { Check } from '../evidence.ts';

/** From the version at which somebody came to the one at which they went, of which they are still told. */
type Stay = { readonly from: number; to: number };

export const membership: Check = {
  name: 'membership',
  promise: 'no event of a conversation reached anybody who was not in it at that version',
  run({ clients, truth }) {
    const stays = staysOf(truth);
    return clients.flatMap(({ userId, received }) =>
      Object.entries(received).flatMap(([conversationId, ranges]) => {
        const own = stays.get(`${conversationId} ${userId}`) ?? [];
        return ranges.flatMap(([from, to]) =>
          own.some((stay) => from >= stay.from && to <= stay.to)
            ? []
            : strays(from, to, own).map(
                (version) =>
                  `${userId} was told version ${version} of ${conversationId}, in which they were not`,
              ),
        );
      }),
    );
  },
};

function strays(from: number, to: number, stays: readonly Stay[]): number[] {
  const versions = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  return versions.filter((version) => !stays.some((stay) => version >= stay.from && version <= stay.to));
}

function staysOf({ memberships, deletions }: Truth): Map<string, Stay[]> {
  const ends = new Map(deletions.map(({ conversationId, version }) => [conversationId, version]));
  const stays = new Map<string, Stay[]>();
  for (const { conversationId, userId, version, isIn } of memberships) {
    const key = `${conversationId} ${userId}`;
    const own = stays.get(key) ?? [];
    stays.set(key, own);
    const last = own.at(-1);
    if (isIn) own.push({ from: version, to: ends.get(conversationId) ?? Infinity });
    else if (last !== undefined) last.to = version;
  }
  return stays;
}
