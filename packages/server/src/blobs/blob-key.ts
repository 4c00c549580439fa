/** Segments of letters, digits, `-`, `_` and inner dots, so that no key can name a place outside its store. */
const key = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*(?:\/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)*$/;
const maxLength = 512;

/** A blob's key as a relative path. @throws if it is not one: keys are ours, so that is a fault and no refusal */
export function blobPath(given: string): string {
  if (given.length > maxLength || !key.test(given))
    throw new Error(`Not a blob key: ${JSON.stringify(given)}`);
  return given;
}
