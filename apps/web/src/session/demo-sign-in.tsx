import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useSurroundings } from '../shell/surroundings.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { maxNameLength, peopleLike, personNamed, readDemoPeople, type DemoPerson } from './demo.ts';
import { Field } from './parts.tsx';

/** For a server where nobody is yet. */
const suggested: readonly DemoPerson[] = ['Ann', 'Bob', 'Cara'].map((name) => ({
  user_id: name.toLowerCase(),
  display_name: name,
}));

/** More than this, and what is typed narrows them down. */
const manyPeople = 8;

interface DemoSignInProps {
  readonly server: string;
  readonly notice: ReactNode;
  readonly onSignIn: (person: DemoPerson) => void;
}

/** One says who one is. */
export function DemoSignIn({ server, notice, onSignIn }: DemoSignInProps): ReactNode {
  const { isEmbedded } = useSurroundings();
  const people = usePeople(server);
  const [name, setName] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const person = personNamed(name, people ?? []);
  const isNobodyThere = people?.length === 0;
  const offered = isNobodyThere ? suggested : (people ?? []);
  const shown = offered.length > manyPeople ? peopleLike(name, offered) : offered;
  return (
    <>
      <div>
        <h1>Who are you?</h1>
        <p>This is a demo: say any name. A second window can be somebody else.</p>
      </div>
      {notice}
      <form
        className="sign-in-row"
        onSubmit={(event) => {
          event.preventDefault();
          if (person !== null) onSignIn(person);
          else field.current?.focus();
        }}
      >
        <Field
          label="Your name"
          ref={field}
          // The page around an element keeps its focus.
          autoFocus={!isEmbedded}
          autoComplete="off"
          autoCapitalize="words"
          spellCheck={false}
          maxLength={maxNameLength}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Button type="submit" tone="primary">
          Sign in
        </Button>
      </form>
      {shown.length > 0 && (
        <section className="sign-in-people" aria-labelledby="sign-in-people-title">
          <h2 id="sign-in-people-title">{isNobodyThere ? 'Or be one of these' : 'Or go on as'}</h2>
          <ul>
            {shown.map((each) => (
              <li key={each.user_id}>
                <button type="button" className="sign-in-person" onClick={() => onSignIn(each)}>
                  <Avatar id={each.user_id} name={each.display_name} />
                  <bdi className="one-line">{each.display_name}</bdi>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** Null until the server has said it. */
function usePeople(server: string): readonly DemoPerson[] | null {
  const [people, setPeople] = useState<readonly DemoPerson[] | null>(null);
  useEffect(() => {
    let isCurrent = true;
    readDemoPeople(server).then(
      (found) => isCurrent && setPeople(found),
      // One can go on without knowing who else is there.
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [server]);
  return people;
}
