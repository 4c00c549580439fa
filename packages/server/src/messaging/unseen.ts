/**
 * Control characters, and those that turn the direction of text: `gpj.exe` can be made to read `exe.jpg`, and a name to
 * swallow what stands after it.
 */
const unseen = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** A name as strangers may be shown it: well-formed, and without what nobody can see. */
export const withoutUnseen = (name: string): string => name.toWellFormed().replace(unseen, '');
