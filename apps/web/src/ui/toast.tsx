import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { ParleyError } from '@parley/client';
import { IconButton } from './button.tsx';

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: 'plain' | 'danger';
  readonly undo: (() => void) | undefined;
}

interface Toasts {
  /** Says a sentence for some seconds, aloud as well; with a button that takes it back. */
  readonly say: (text: string, undo?: () => void) => void;
  /** Says what went wrong. */
  readonly fail: (error: unknown) => void;
}

const ToastContext = createContext<Toasts>({ say: () => undefined, fail: () => undefined });

export const useToasts = (): Toasts => useContext(ToastContext);

/** Milliseconds that a sentence stays; long enough to be read twice. */
const shownMs = 7000;
const maxShown = 3;
let lastId = 0;

export function ToastProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const show = useCallback((text: string, tone: Toast['tone'], undo?: () => void) => {
    const id = ++lastId;
    setToasts((before) =>
      [...before.filter((each) => each.text !== text), { id, text, tone, undo }].slice(-maxShown),
    );
  }, []);
  const remove = useCallback(
    (id: number) => setToasts((before) => before.filter((each) => each.id !== id)),
    [],
  );
  const tools = useMemo(
    () => ({
      say: (text: string, undo?: () => void) => show(text, 'plain', undo),
      fail: (error: unknown) => show(sentenceOf(error), 'danger'),
    }),
    [show],
  );
  return (
    <ToastContext value={tools}>
      {children}
      <div className="toasts" role="status">
        {toasts.map((toast) => (
          <ToastCard key={toast.id} toast={toast} onClose={remove} />
        ))}
      </div>
    </ToastContext>
  );
}

function ToastCard({
  toast,
  onClose,
}: {
  readonly toast: Toast;
  readonly onClose: (id: number) => void;
}): ReactNode {
  const { id, text, tone, undo } = toast;
  useEffect(() => {
    const timer = setTimeout(() => onClose(id), shownMs);
    return () => clearTimeout(timer);
  }, [id, onClose]);
  return (
    <div className={`toast toast-${tone}`}>
      <span>{text}</span>
      {undo !== undefined && (
        <button
          type="button"
          className="toast-undo"
          onClick={() => {
            onClose(id);
            undo();
          }}
        >
          Undo
        </button>
      )}
      <IconButton icon="close" label="Dismiss" onClick={() => onClose(id)} />
    </div>
  );
}

/** What an error says to a person. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof ParleyError)) return error instanceof Error ? error.message : 'Something went wrong';
  if (error.code === 'network') return 'No connection. Try again when you are back online.';
  if (error.code === 'rate_limited') return `Too fast. Try again in ${error.retryAfter} seconds.`;
  return error.message;
}
