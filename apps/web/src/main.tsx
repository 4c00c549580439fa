import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './styles/all.css';
import { App } from './app.tsx';
import { theme } from './shell/choices.ts';
import { preferredDirection } from './shell/direction.ts';
import { HashNavigation } from './shell/navigation.tsx';
import type { Surroundings } from './shell/surroundings.ts';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');

const page = document.documentElement;
const dir = preferredDirection(navigator.languages, window.location.search);
const surroundings: Surroundings = { isEmbedded: false, theme: null, dir, only: null };
page.dir = dir;

/** What is around the app follows it: scroll bars, and the ground that shows where one pulls beyond the end. */
const followTheme = (): void => {
  page.dataset['theme'] = theme.get();
};
followTheme();
theme.subscribe(followTheme);

createRoot(root).render(
  <StrictMode>
    <HashNavigation>
      <App server={window.location.origin} surroundings={surroundings} />
    </HashNavigation>
  </StrictMode>,
);
