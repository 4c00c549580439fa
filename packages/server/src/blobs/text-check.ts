import { isUtf8 } from 'node:buffer';

/** The "binary data bytes" of the WHATWG's MIME Sniffing standard and DEL: they are in no text. */
const binary = new Uint8Array(256);
for (const [first, last] of [
  [0x00, 0x08],
  [0x0b, 0x0b],
  [0x0e, 0x1a],
  [0x1c, 0x1f],
  [0x7f, 0x7f],
] as const) {
  binary.fill(1, first, last + 1);
}

/** Checks in pieces that bytes are text in UTF-8. It makes no strings of them: a long text would leave them as garbage. */
export class TextCheck {
  /** The beginning of a character whose end is in the next piece: at most three bytes. */
  #begun: Uint8Array = new Uint8Array();

  /** Whether it is still text with this piece. Once it is not, it never is again. */
  accepts(piece: Uint8Array): boolean {
    for (const byte of piece) if (binary[byte] === 1) return false;
    const joined = this.#begun.length === 0 ? piece : Buffer.concat([this.#begun, piece]);
    const end = joined.length - unfinished(joined);
    this.#begun = Uint8Array.from(joined.subarray(end));
    return isUtf8(joined.subarray(0, end));
  }

  /** Whether it ends between two characters. */
  get isWhole(): boolean {
    return this.#begun.length === 0;
  }
}

/** How many bytes at the end begin a character that needs more than there are. */
function unfinished(bytes: Uint8Array): number {
  for (let count = 1; count <= Math.min(3, bytes.length); count++) {
    const byte = bytes[bytes.length - count] ?? 0;
    if (byte >= 0xc0) return count < lengthOf(byte) ? count : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

/** The length of a character by its first byte; 0xf8 and above begin none, and are found out by `isUtf8`. */
const lengthOf = (first: number): number => (first >= 0xf8 ? 0 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2);
