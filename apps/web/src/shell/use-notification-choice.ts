import { useCallback } from 'react';
import { useToasts } from '../ui/toast.tsx';
import { useChoice } from './choice.ts';
import { notifications } from './choices.ts';

export interface NotificationChoice {
  /** Chosen, and allowed by the browser; null where it has none. */
  readonly isOn: boolean | null;
  /** Asks the browser when they are turned on, and not before; says so where it has none. */
  readonly toggle: () => void;
}

export function useNotificationChoice(): NotificationChoice {
  const { say } = useToasts();
  const isChosen = useChoice(notifications) === 'on';
  const whyNot = whyNotShown();
  const isOn = whyNot === null ? isChosen && mayNotify() : null;
  const toggle = useCallback(() => {
    const turnOn = async (): Promise<void> => {
      const answer = await Notification.requestPermission();
      if (answer === 'granted') notifications.set('on');
      else say(answer === 'denied' ? blocked : 'Notifications stay off until you allow them.');
    };
    if (whyNot !== null) say(whyNot);
    else if (isOn === true) notifications.set('off');
    else void turnOn();
  }, [isOn, whyNot, say]);
  return { isOn, toggle };
}

const blocked =
  'Your browser blocks notifications from this site. Allow them in its settings for the site, then turn them on here.';

/** Why this browser can show no notifications of this page, as a sentence; null if it can. */
function whyNotShown(): string | null {
  if (!isSecureContext) return 'Browsers show notifications only for pages with an https address.';
  // Chrome on Android has the class and throws when it is used: there they come by service workers alone.
  const hasThem = 'Notification' in globalThis && !/Android.*Chrome/.test(navigator.userAgent);
  return hasThem ? null : 'This browser can’t show notifications of web pages.';
}

/** Whether the browser shows them, and was told to. */
export const mayNotify = (): boolean => whyNotShown() === null && Notification.permission === 'granted';
