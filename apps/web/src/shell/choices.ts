import { createChoice } from './choice.ts';

/** `system`: light or dark as the whole machine. */
export const theme = createChoice('parley:theme', ['system', 'light', 'dark']);

/** Whether new messages show on the desktop. */
export const notifications = createChoice('parley:notifications', ['off', 'on']);

/** Whether letters and signs alone are shortcuts. Not for those who speak to their machine, or whose hand slips. */
export const singleKeys = createChoice('parley:single-keys', ['on', 'off']);
