/** Hooks in a component that is drawn for real, and what they answer. */
import { newContainer } from './dom.ts';
import { setTimeout as delay } from 'node:timers/promises';
import { StrictMode, act, createElement, memo, useLayoutEffect, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { afterEach, expect, vi } from 'vitest';
import type { Parley } from '@parley/client';
import { until } from '../../../client/test/support/people.ts';
import { Cell } from '../../src/cell.ts';
import { ParleyProvider } from '../../src/index.ts';

// React warns by the console alone.
const warnings: string[] = [];
vi.spyOn(console, 'error').mockImplementation((...said: unknown[]) => void warnings.push(said.join(' ')));
afterEach(() => expect(warnings.splice(0)).toEqual([]));

/** What React said since. For tests that expect it. */
export const takeWarnings = (): string[] => warnings.splice(0);

/** Draws all that follows from `work`. What the server causes comes without it, as in a page. */
export async function acting(work: () => void | Promise<void>): Promise<void> {
  const environment = globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean };
  environment.IS_REACT_ACT_ENVIRONMENT = true;
  try {
    await act(async () => work());
  } finally {
    environment.IS_REACT_ACT_ENVIRONMENT = false;
  }
}

export interface Drawn {
  draw(node: ReactNode): Promise<void>;
  unmount(): Promise<void>;
}

/** What a test that failed left behind must not disturb the next one. */
const mounted = new Set<Drawn>();
afterEach(async () => {
  for (const drawn of mounted) await drawn.unmount();
});

export async function draw(node: ReactNode): Promise<Drawn> {
  const root = createRoot(newContainer());
  const drawn = {
    draw: (next: ReactNode) => acting(() => root.render(next)),
    unmount: () => {
      mounted.delete(drawn);
      return acting(() => root.unmount());
    },
  };
  mounted.add(drawn);
  await drawn.draw(node);
  return drawn;
}

/** A component that uses a hook, how often it was rendered, and what the hook answered when it was last drawn. */
export class Probe<T> {
  renders = 0;
  readonly #drawn = new Cell<{ readonly value: T } | null>(null);
  readonly #Component: (props: { readonly hook: () => T }) => ReactNode;

  constructor() {
    this.#Component = memo(({ hook }: { readonly hook: () => T }) => {
      this.renders++;
      const value = hook();
      useLayoutEffect(() => this.#drawn.set({ value }));
      return null;
    });
  }

  node(hook: () => T): ReactNode {
    return createElement(this.#Component, { hook });
  }

  get now(): T {
    const drawn = this.#drawn.getSnapshot();
    if (drawn === null) throw new Error('It was not drawn yet');
    return drawn.value;
  }

  /** Resolves when it was drawn with what fits. */
  async until(fits: (value: T) => boolean): Promise<T> {
    await until(this.#drawn, (drawn) => drawn !== null && fits(drawn.value));
    return this.now;
  }
}

export interface Used<T> {
  readonly probe: Probe<T>;
  /** Draws it again, with another hook. */
  use(hook: () => T): Promise<void>;
  unmount(): Promise<void>;
}

/** Uses a hook below a provider. */
export async function use<T>(client: Parley, hook: () => T, { strict = false } = {}): Promise<Used<T>> {
  const probe = new Probe<T>();
  const around = (inner: () => T): ReactNode => {
    const tree = createElement(ParleyProvider, { client }, probe.node(inner));
    return strict ? createElement(StrictMode, null, tree) : tree;
  };
  const drawn = await draw(around(hook));
  return { probe, use: (next) => drawn.draw(around(next)), unmount: drawn.unmount };
}

/** Lets go of a turn, so that what is under way in this process alone is done. */
export const turn = (): Promise<void> => delay(0);
