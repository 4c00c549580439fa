#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// JavaScript, and before anything else is loaded: from the second start on nothing is read as TypeScript again, so the
// parser for it stays out of memory and a start takes half the time. Where the folder can't be written to, nothing is
// cached, and nothing else changes.
enableCompileCache(fileURLToPath(new URL('../.cache/', import.meta.url)));
await import('../src/cli/parley.ts');
