import type { ServerConfig } from '../session/config.ts';
import { formatSize } from '../ui/format.ts';

type Limits = Pick<ServerConfig, 'max_file_size' | 'allowed_file_types'>;
type FileFacts = Pick<File, 'name' | 'size' | 'type'>;

/** Why the server would not take a file, as a sentence; null if it may. What is inside is for the server to see. */
export function refusalOf(
  file: FileFacts,
  { max_file_size: max, allowed_file_types: types }: Limits,
): string | null {
  if (file.size === 0) return `${file.name} is empty.`;
  if (file.size > max)
    return `${file.name} is too large: ${formatSize(file.size)}. Files can have up to ${formatSize(max)}.`;
  const type = file.type.split(';')[0] ?? '';
  if (type === '' || isText(type) || types.includes(type)) return null;
  return `${file.name} can’t be sent: files of this type are not allowed here.`;
}

/** Browsers name a text by its file's ending, the server by what is in it. */
const isText = (type: string): boolean =>
  type.startsWith('text/') || /^application\/(.*\+)?(json|xml|javascript|x-sh|toml|yaml)$/.test(type);

/**
 * The files of a paste. Office programs put a picture beside the words that were copied: then the words are meant.
 */
export function pastedFiles({
  files,
  types,
}: Pick<DataTransfer, 'types'> & { readonly files: Iterable<File> }): File[] {
  const isDocument =
    types.includes('text/plain') && (types.includes('text/html') || types.includes('text/rtf'));
  return isDocument ? [] : [...files];
}
