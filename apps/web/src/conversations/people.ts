import { useEffect, useMemo, useState } from 'react';
import type { Conversation, Participant } from '@parley/client';
import { useParleyState, useUserId } from '@parley/react';
import { readConfig } from '../session/config.ts';
import { useAccount } from '../shell/account-context.ts';
import { fold, matches } from './search.ts';

/** Somebody who can be brought into a conversation. */
export type Person = Pick<Participant, 'user_id' | 'display_name' | 'avatar_url'>;

/** `limits.userIdLength` of the protocol. */
const maxUserId = 128;
const demoPeople = 100;

/** People of these conversations, those of the latest first, each once. */
export function peopleOf(conversations: readonly Conversation[]): readonly Person[] {
  const people = new Map<string, Person>();
  for (const { participants } of conversations)
    for (const each of participants) if (!people.has(each.user_id)) people.set(each.user_id, each);
  return [...people.values()];
}

/**
 * Those whose name or id has all words of `query`, and last whoever bears it as their id, whom nobody here may know yet.
 * Without those of `except`. `takesIds`: false where nobody can be asked whether there is such an id.
 */
export function suggest(
  known: readonly Person[],
  query: string,
  except: ReadonlySet<string>,
  takesIds = true,
): readonly Person[] {
  const exact = query.trim();
  const folded = fold(exact);
  const found = known
    .filter((each) => !except.has(each.user_id) && matches(textOf(each), folded))
    // Sorting is stable: among equals, those of the latest conversations stay first.
    .toSorted((a, b) => Number(begins(textOf(b), folded)) - Number(begins(textOf(a), folded)));
  const isId = exact !== '' && exact !== 'system' && exact.length <= maxUserId && !/\s/.test(exact);
  if (!takesIds || !isId || except.has(exact) || known.some((each) => each.user_id === exact)) return found;
  return [...found, { user_id: exact, display_name: exact, avatar_url: null }];
}

const textOf = ({ display_name: name, user_id: id }: Person): string => fold(`${name} ${id}`);

/** Whether a word of `text` begins with `query`. */
const begins = (text: string, query: string): boolean => ` ${text}`.includes(` ${query}`);

/** People whom one may know: of one's conversations and, in demo mode, all who were here. Null until that is known. */
export function useKnownPeople(): readonly Person[] | null {
  const userId = useUserId();
  const conversations = useParleyState((state) => state.conversations);
  const archived = useParleyState((state) => state.archived);
  const here = useDemoPeople();
  return useMemo(() => {
    if (here === null) return null;
    const own = peopleOf([...conversations, ...archived]);
    const ids = new Set(own.map((each) => each.user_id));
    return [...own, ...here.filter((each) => !ids.has(each.user_id))].filter(
      (each) => each.user_id !== userId,
    );
  }, [conversations, archived, here, userId]);
}

const nobody: readonly Person[] = [];

/** Milliseconds after which it is asked again who is here: somebody may just have opened their window. */
const askEvery = 2000;

/** Who was here lately, in demo mode; nobody elsewhere; null until it is known. */
function useDemoPeople(): readonly Person[] | null {
  const { server } = useAccount();
  const [people, setPeople] = useState<readonly Person[] | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      const found = await readDemoPeople(server, abort.signal).catch(() => null);
      if (abort.signal.aborted) return;
      setPeople((known) => found ?? known ?? nobody);
      if (found !== nobody) timer = setTimeout(() => void ask(), askEvery);
    };
    void ask();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [server]);
  return people;
}

/** @throws Error if the server does not say */
async function readDemoPeople(server: string, signal: AbortSignal): Promise<readonly Person[]> {
  const { identity } = await readConfig(server);
  if (identity.kind !== 'demo') return nobody;
  const answer = await fetch(`${server}/demo/people?limit=${demoPeople}`, { signal });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server's schema says so
  return ((await answer.json()) as { people: Person[] }).people;
}
