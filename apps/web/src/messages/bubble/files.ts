import type { Parley } from '@parley/client';

/** Thumbnails that are held as blobs: some screens of them. */
const maxHeld = 120;

class Thumbnails {
  readonly #parley: Parley;
  readonly #held = new Map<string, Promise<string>>();

  constructor(parley: Parley) {
    this.#parley = parley;
  }

  /** The address of a small picture of the file, good until many others were asked for. @throws ParleyError */
  get(fileId: string): Promise<string> {
    const held = this.#held.get(fileId) ?? this.#load(fileId);
    this.#held.delete(fileId);
    this.#held.set(fileId, held);
    for (const [old, address] of this.#held) {
      if (this.#held.size <= maxHeld) break;
      this.#held.delete(old);
      address.then(
        (url) => URL.revokeObjectURL(url),
        () => undefined,
      );
    }
    return held;
  }

  #load(fileId: string): Promise<string> {
    const loading = this.#parley.api
      .getFile(fileId, 'thumbnail')
      .then((answer) => answer.blob())
      .then((blob) => URL.createObjectURL(blob));
    // What failed is asked for again by whoever comes next.
    loading.catch(() => this.#held.delete(fileId));
    return loading;
  }
}

const thumbnails = new WeakMap<Parley, Thumbnails>();

export function thumbnailOf(parley: Parley, fileId: string): Promise<string> {
  const own = thumbnails.get(parley) ?? new Thumbnails(parley);
  thumbnails.set(parley, own);
  return own.get(fileId);
}

/** Saves a file where the browser saves files. @throws ParleyError */
export async function download(parley: Parley, fileId: string, fileName: string): Promise<void> {
  const { url } = await parley.api.getFileUrl(fileId);
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.rel = 'noopener';
  link.click();
}
