/** The part of jsdom that is used here. */
declare module 'jsdom' {
  type Options = boolean | { readonly signal?: AbortSignal };
  interface JsdomDocument extends Document {
    createElement(name: string): HTMLElement;
    addEventListener(type: string, listener: () => void, options?: Options): void;
    removeEventListener(type: string, listener: () => void): void;
  }
  export class JSDOM {
    constructor(html: string, options?: { readonly url?: string; readonly pretendToBeVisual?: boolean });
    readonly window: { readonly document: JsdomDocument };
  }
}
