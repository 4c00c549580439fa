import { useEffect, useLayoutEffect, useRef, type ReactNode, type RefObject } from 'react';
import type { ParleyError } from '@parley/client';
import type { Upload, Uploads } from '@parley/react';
import { IconButton } from '../ui/button.tsx';
import { formatSize } from '../ui/format.ts';
import { sentenceOf } from '../ui/toast.tsx';
import { FilePicture } from './file-picture.tsx';
import { useSecondsUntil } from '../ui/use-seconds.ts';

export default function UploadList({ uploads, cancel, retry, discard }: Omit<Uploads, 'upload'>): ReactNode {
  return (
    <ul className="uploads" aria-label="Uploads">
      {uploads.map((upload) => (
        <UploadRow key={upload.key} upload={upload} cancel={cancel} retry={retry} discard={discard} />
      ))}
    </ul>
  );
}

interface UploadRowProps extends Pick<Uploads, 'cancel' | 'retry' | 'discard'> {
  readonly upload: Upload;
}

function UploadRow({ upload, cancel, retry, discard }: UploadRowProps): ReactNode {
  const { key, file, fileName, status } = upload;
  const isUploading = status === 'uploading';
  const seconds = useRetryWhenAllowed(upload, retry);
  const row = useRowFocus();
  const end = useRef<HTMLButtonElement>(null);
  return (
    <li className="upload" ref={row}>
      {file instanceof Blob && <FilePicture file={file} />}
      <span className="file-words">
        <bdi className="one-line">{fileName}</bdi>
        {isUploading ? <Progress upload={upload} /> : <Outcome upload={upload} seconds={seconds} />}
      </span>
      {!isUploading && (
        <IconButton
          icon="retry"
          label={`Retry ${fileName}`}
          onClick={() => {
            retry(key);
            end.current?.focus();
          }}
        />
      )}
      <IconButton
        ref={end}
        icon="close"
        label={`${isUploading ? 'Cancel' : 'Discard'} ${fileName}`}
        onClick={() => (isUploading ? cancel : discard)(key)}
      />
    </li>
  );
}

/** A row goes when its file has arrived or was discarded: the focus, if it was in there, goes back to the field. */
function useRowFocus(): RefObject<HTMLLIElement | null> {
  const row = useRef<HTMLLIElement>(null);
  useLayoutEffect(() => {
    const element = row.current;
    return () => {
      if (element?.matches(':focus-within') === true)
        element.closest('.composer')?.querySelector('textarea')?.focus({ preventScroll: true });
    };
  }, []);
  return row;
}

function Progress({ upload: { file, fileName, progress } }: { readonly upload: Upload }): ReactNode {
  const percent = Math.round(progress * 100);
  return (
    <>
      <span className="file-size" aria-hidden="true">
        {percent === 100
          ? 'Almost there…'
          : `${percent} %${file instanceof Blob ? ` of ${formatSize(file.size)}` : ''}`}
      </span>
      <span
        className="upload-bar"
        role="progressbar"
        aria-label={`Uploading ${fileName}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
      >
        <span style={{ inlineSize: `${percent}%` }} />
      </span>
    </>
  );
}

function Outcome({
  upload: { status, error },
  seconds,
}: {
  readonly upload: Upload;
  readonly seconds: number | null;
}): ReactNode {
  if (status === 'cancelled') return <span className="file-size">Cancelled</span>;
  if (seconds !== null)
    return (
      <span className="file-size" role="status">
        <span className="hidden-text">Many files at once. This one waits for its turn.</span>
        <span aria-hidden="true">Many files at once. Goes on in {seconds} s.</span>
      </span>
    );
  return (
    <span className="file-size composer-problem" role="status">
      {error === null ? 'That did not work.' : sentenceOf(error)}
    </span>
  );
}

/** When each refusal ends, in milliseconds since 1970: an error says only how long it lasts. */
const ends = new WeakMap<ParleyError, number>();

/** Sends a file again once the server's limit allows it. Answers the seconds until then, or null. */
function useRetryWhenAllowed({ key, error }: Upload, retry: (key: string) => void): number | null {
  const isLimited = error?.code === 'rate_limited';
  if (isLimited && !ends.has(error)) ends.set(error, Date.now() + error.retryAfter * 1000);
  const seconds = useSecondsUntil(isLimited ? (ends.get(error) ?? null) : null);
  useEffect(() => {
    if (seconds === 0) retry(key);
  }, [seconds, key, retry]);
  return seconds;
}
