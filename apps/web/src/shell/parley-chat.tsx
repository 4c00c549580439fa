import { createRoot, type Root } from 'react-dom/client';
import { bearerOf, type GetToken } from '@parley/client';
import css from '../styles/all.css?inline';
import { App } from '../app.tsx';
import { MemoryNavigation } from './navigation.tsx';
import type { Surroundings } from './surroundings.ts';

/** Where this script came from. */
const home = new URL(import.meta.url).origin;

const sheet = new CSSStyleSheet();
sheet.replaceSync(css);

/**
 * The element `<parley-chat>`, for other pages: the app in a shadow tree. Attributes: `server`, `conversation`, `token`,
 * `theme`, `dir`. Events: `parley-unread` with `{ messages, conversations }`, and `parley-error` with the `Error`.
 */
export class ParleyChat extends HTMLElement {
  static readonly observedAttributes = ['server', 'conversation', 'token', 'theme', 'dir'];

  #root: Root | null = null;
  #getToken: GetToken | null = null;
  /** Reads the attribute; another one for each person. */
  #reader: { readonly userId: string | null; readonly getToken: GetToken } | null = null;
  #isDue = false;

  constructor() {
    super();
    this.attachShadow({ mode: 'open' }).adoptedStyleSheets = [sheet];
  }

  /** Answers a valid token: asked at first, shortly before one expires, and when one is refused. */
  get getToken(): GetToken | null {
    return this.#getToken;
  }

  set getToken(getToken: GetToken | null) {
    this.#getToken = getToken;
    this.#update();
  }

  connectedCallback(): void {
    // Set before the script was there.
    if (Object.hasOwn(this, 'getToken')) {
      const { getToken } = this;
      Reflect.deleteProperty(this, 'getToken');
      this.getToken = getToken;
    }
    this.#update();
  }

  disconnectedCallback(): void {
    this.#update();
  }

  attributeChangedCallback(): void {
    this.#update();
  }

  /** Once for all that a page does in one go; so moving the element is nothing. */
  #update(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#render();
    });
  }

  #render(): void {
    if (!this.isConnected || this.shadowRoot === null) {
      this.#root?.unmount();
      this.#root = null;
      return;
    }
    this.#root ??= createRoot(this.shadowRoot);
    const server = (this.getAttribute('server') ?? home).replace(/\/+$/, '');
    const only = this.getAttribute('conversation');
    this.#root.render(
      <MemoryNavigation key={server} server={server} only={only}>
        <App
          server={server}
          getToken={this.#getToken ?? this.#readerOf(this.getAttribute('token'))}
          surroundings={this.#surroundings(only)}
        />
      </MemoryNavigation>,
    );
  }

  #readerOf(token: string | null): GetToken | null {
    if (token === null) return null;
    const userId = bearerOf(token);
    if (this.#reader?.userId !== userId)
      this.#reader = { userId, getToken: () => this.getAttribute('token') ?? '' };
    return this.#reader.getToken;
  }

  #surroundings(only: string | null): Surroundings {
    const theme = this.getAttribute('theme');
    return {
      isEmbedded: true,
      theme: theme === 'light' || theme === 'dark' ? theme : null,
      // The page's own counts, too.
      dir: getComputedStyle(this).direction === 'rtl' ? 'rtl' : 'ltr',
      only,
      onUnread: this.#onUnread,
      onError: this.#onError,
    };
  }

  readonly #onUnread: NonNullable<Surroundings['onUnread']> = (detail) => {
    this.dispatchEvent(new CustomEvent('parley-unread', { detail, bubbles: true }));
  };

  readonly #onError: NonNullable<Surroundings['onError']> = (detail) => {
    this.dispatchEvent(new CustomEvent('parley-error', { detail, bubbles: true }));
  };
}
