import type { ComponentProps, ReactNode } from 'react';
import { Icon } from '../ui/icons.tsx';

/** The name of the app, with its mark: a speech bubble with two lines. */
export function Brand(): ReactNode {
  return (
    <div className="sign-in-brand">
      <svg viewBox="0 0 32 32" width="36" height="36" aria-hidden="true">
        <path
          className="brand-bubble"
          d="M16 3C8.300 3 2.500 8 2.500 14.600c0 3.700 1.900 6.900 5 9-.2 1.600-1 3.100-2.200 4.200 2.600.1 4.900-.8 6.700-2.200 1.300.3 2.600.5 4 .5 7.700 0 13.500-5 13.500-11.500S23.700 3 16 3Z"
        />
        <path className="brand-lines" d="M10 12.500h12M10 17.500h7" />
      </svg>
      <span>Parley</span>
    </div>
  );
}

/** Why somebody is here again. */
export function Notice({ text }: { readonly text: string }): ReactNode {
  return (
    <p className="sign-in-notice" role="alert">
      <Icon name="error" />
      <span>{text}</span>
    </p>
  );
}

/** A field with its name above it. */
export function Field({ label, ...rest }: { readonly label: string } & ComponentProps<'input'>): ReactNode {
  return (
    <label className="sign-in-field">
      <span>{label}</span>
      <input {...rest} />
    </label>
  );
}
