import { useId, type ReactNode } from 'react';

/** Code points; `limits.titleLength` of the protocol. */
const maxTitle = 200;

interface TitleFieldProps {
  readonly value: string;
  readonly onChange: (title: string) => void;
  readonly hint: string;
  /** Has the focus when its dialog opens. */
  readonly isFirst?: boolean;
}

/** The field for the title of a group. */
export function TitleField({ value, onChange, hint, isFirst = false }: TitleFieldProps): ReactNode {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>Title</label>
      <input
        id={id}
        className="field-input"
        dir={value === '' ? undefined : 'auto'}
        autoComplete="off"
        maxLength={maxTitle}
        value={value}
        {...(isFirst && { 'data-autofocus': true })}
        aria-describedby={`${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
      />
      <p id={`${id}-hint`} className="field-hint">
        {hint}
      </p>
    </div>
  );
}
