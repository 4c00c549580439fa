import type { ReactNode } from 'react';
import { IconButton } from '../ui/button.tsx';
import { formatSize } from '../ui/format.ts';
import type { Draft, DraftChange } from './drafts.ts';
import { FilePicture } from './file-picture.tsx';

interface StagedFilesProps {
  readonly draft: Draft;
  readonly onChange: (change: DraftChange) => void;
  /** The last one was taken out: the focus needs another place. */
  readonly onEmpty: () => void;
}

/** The files that go with the next message, as they will be seen. */
export default function StagedFiles({
  draft: { files, refusals },
  onChange,
  onEmpty,
}: StagedFilesProps): ReactNode {
  const remove = (key: string) => {
    onChange({ files: files.filter((each) => each.key !== key) });
    onEmpty();
  };
  const dismiss = () => {
    onChange({ refusals: [] });
    onEmpty();
  };
  return (
    <>
      {refusals.length > 0 && (
        <div className="composer-refusals" role="alert">
          <ul>
            {refusals.map((refusal) => (
              <li key={refusal}>{refusal}</li>
            ))}
          </ul>
          <IconButton icon="close" label="Dismiss" onClick={dismiss} />
        </div>
      )}
      {files.length > 0 && (
        <ul className="staged" aria-label="Files to send">
          {files.map(({ key, file }) => (
            <li className="staged-file" key={key}>
              <FilePicture file={file} />
              <span className="file-words">
                <bdi className="one-line">{file.name}</bdi>
                <span className="file-size">{formatSize(file.size)}</span>
              </span>
              <IconButton icon="close" label={`Remove ${file.name}`} onClick={() => remove(key)} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
