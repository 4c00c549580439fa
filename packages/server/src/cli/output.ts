import { exitCodes, report } from './failure.ts';

/**
 * Lets whoever reads the output stop reading, as `parley --help | head -1` does: what nobody reads is dropped, and the
 * command goes on to its own end, so that one that changes something is not cut off in the middle. An output that
 * can't be written for another reason (a full disk) is said once and fails the command.
 */
export function surviveClosedOutput(): void {
  let failed = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || failed) return;
    failed = true;
    report(new Error(`The output can't be written: ${error.message}`, { cause: error }));
    process.once('exit', () => (process.exitCode = exitCodes.failure));
  });
  // There is nowhere left to tell it.
  process.stderr.on('error', () => undefined);
}
