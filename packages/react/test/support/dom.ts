/** A document for React to draw on, in place before React DOM is. The network and its signals stay Node's: they are real. */
import { JSDOM } from 'jsdom';

const { window } = new JSDOM('', { url: 'http://127.0.0.1/', pretendToBeVisual: true });
const { document } = window;

const listen = document.addEventListener.bind(document);
// jsdom takes no signals but its own.
document.addEventListener = (type, listener, options) => {
  if (typeof options !== 'object' || options.signal === undefined) return listen(type, listener, options);
  options.signal.addEventListener('abort', () => document.removeEventListener(type, listener));
  listen(type, listener);
};

Object.assign(globalThis, { window, document });

export const newContainer = (): HTMLElement => document.createElement('div');
