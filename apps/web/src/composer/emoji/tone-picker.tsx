import { useState, type ReactNode } from 'react';
import { nextTone, type Tone } from './emoji-data.ts';

const names: Readonly<Record<Tone, string>> = {
  none: 'No skin tone',
  light: 'Light',
  'medium-light': 'Medium light',
  medium: 'Medium',
  'medium-dark': 'Medium dark',
  dark: 'Dark',
};

interface TonePickerProps {
  /** An emoji in a tone, to show it by. */
  readonly sample: (tone: Tone) => string;
  readonly tone: Tone;
  readonly onTone: (tone: Tone) => void;
}

/** A button that steps through the six skin tones. */
export function TonePicker({ sample, tone, onTone }: TonePickerProps): ReactNode {
  const [isTouched, setTouched] = useState(false);
  return (
    <>
      <button
        type="button"
        className="emoji"
        aria-label={`Skin tone: ${names[tone]}`}
        title={`Skin tone: ${names[tone]}`}
        onClick={() => {
          setTouched(true);
          onTone(nextTone(tone));
        }}
      >
        {sample(tone)}
      </button>
      <span className="hidden-text" role="status">
        {isTouched ? names[tone] : ''}
      </span>
    </>
  );
}
