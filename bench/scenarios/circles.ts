/** What the scenarios of connecting share: people in 20 conversations of 10 each, with others in each of them. */
import { seedGroups, settle } from '../seed.ts';
import { tokenFor, type Stage } from '../stage.ts';

const conversationsEach = 20;
const size = 10;
/** Primes, so that no two people meet in many: none may divide the count of people. */
const strides = [
  101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193, 197,
];

const nameOf = (person: number): string => `person-${person}`;

/** `people`: a multiple of 10 that none of the strides divides. */
export async function seedCircles({ database }: Stage, people: number): Promise<void> {
  const place = `((n - 1) * ${size} + m - 1)`;
  await seedGroups(database, {
    count: (people * conversationsEach) / size,
    size,
    member: `'person-' || ${place} % ${people} * (array[${strides}])[${place} / ${people} + 1] % ${people}`,
  });
  // Nothing happened in them lately.
  await database.query('update parley.conversations set activity = 0');
  // Everybody has shown the token that they have, to another node.
  await database.query(
    `insert into parley.users (id, display_name, app_role, profile_issued_at)
     select 'person-' || n, 'person-' || n, 'student', extract(epoch from now())::bigint + 3600
     from generate_series(0, $1::int - 1) n`,
    [people],
  );
  await settle(database);
}

/** New ones, of these people. */
export const tokensOf = (people: readonly number[]): Promise<string[]> =>
  Promise.all(people.map((person) => tokenFor(nameOf(person))));
