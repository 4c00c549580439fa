import { createContext, useContext } from 'react';
import type { Account } from '../session/account.ts';

export const AccountContext = createContext<Account | null>(null);

/** Who is signed in. @throws Error outside of `Chat` */
export function useAccount(): Account {
  const account = useContext(AccountContext);
  if (account === null) throw new Error('Nobody is signed in around this component');
  return account;
}
