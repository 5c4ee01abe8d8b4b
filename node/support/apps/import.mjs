// What a user loads with --import: takes its time.
import { setTimeout } from 'node:timers/promises';

await setTimeout(20);
globalThis.loaded_before = true;
