/** The element with the focus among those around `element`; in a shadow root too, where the document sees its host alone. */
export function focusedNear(element: Node | null): Element | null {
  const root = element?.getRootNode();
  const active = root instanceof Document || root instanceof ShadowRoot ? root.activeElement : null;
  return active === null || active === active.ownerDocument.body ? null : active;
}

/** Where the focus goes when what has it now closes: for an entry of a menu, the button of the menu. */
export function openerNear(element: Node | null): HTMLElement | null {
  const active = focusedNear(element);
  const labelledBy = active?.closest('[role="menu"]')?.getAttribute('aria-labelledby');
  const root = element?.getRootNode();
  const trigger =
    typeof labelledBy === 'string' && (root instanceof Document || root instanceof ShadowRoot)
      ? root.getElementById(labelledBy)
      : null;
  const opener = trigger ?? active;
  return opener instanceof HTMLElement ? opener : null;
}
