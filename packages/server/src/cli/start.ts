import type { Command } from 'commander';
import { readConfig } from '../config.ts';

const help = `
Prints a line when it is ready, runs until SIGTERM or Ctrl-C, then finishes what it has
accepted and exits.

Exit codes: 0 stopped as asked, 1 could not start or go on, 2 wrong usage or configuration.

Examples:
  $ parley start
  $ parley start --port 9000
  $ DATABASE_URL=postgres://… JWT_SECRET=… REDIS_URL=redis://… parley start`;

export function addStart(program: Command): void {
  program
    .command('start')
    .description('Run the server.')
    .option('--port <number>', 'the port to listen on, over PORT (8000)')
    .option('--host <address>', 'the address to listen on, over HOST')
    .addHelpText('after', help)
    .action(async (options: { port?: string; host?: string }) => {
      const config = readConfig({
        ...process.env,
        ...(options.port !== undefined && { PORT: options.port }),
        ...(options.host !== undefined && { HOST: options.host }),
      });
      // Only now: a command that does not serve does not wait for the server's parts to load.
      const { start } = await import('../main.ts');
      await start(config);
    });
}
