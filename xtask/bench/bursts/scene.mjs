// What the peers that run on Node have in common. Each is a script that is called in two ways:
//
//   SCRIPT hand-in STORE JOBS          hands in the jobs of a file, one a line as JSON, each for its instant
//   SCRIPT work STORE STUB ACCOUNTS    logs so many accounts in, works on jobs until its standard input ends, says `ready`
//
// A job has the handle of its account, the text of its post, and its instant in milliseconds since the epoch.

import { readFileSync } from 'node:fs';
import { AtpAgent } from '@atproto/api';

export const CONCURRENCY = 16;
export const QUEUE = 'posts';

export async function play({ handIn, work }) {
  const [part, store, ...rest] = process.argv.slice(2);
  if (part === 'hand-in') {
    const lines = readFileSync(rest[0], 'utf8').split('\n').filter(Boolean);
    await handIn(store, lines.map((line) => JSON.parse(line)));
    process.exit(0);
  }
  const agents = await loggedIn(rest[0], Number(rest[1]));
  await work(store, ({ handle, text }) =>
    agents.get(handle).post({ text, langs: ['en'], createdAt: new Date().toISOString() }),
  );
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
  console.log('ready');
}

// Pieces of an array, none longer than `size`.
export function* pieces(array, size) {
  for (let start = 0; start < array.length; start += size) yield array.slice(start, start + size);
}

async function loggedIn(service, accounts) {
  const agents = new Map();
  const handles = Array.from({ length: accounts }, (_, number) => `u${number}.test`);
  for (const piece of pieces(handles, CONCURRENCY)) {
    await Promise.all(
      piece.map(async (handle) => {
        const agent = new AtpAgent({ service });
        await agent.login({ identifier: handle, password: 'aaaa-bbbb-cccc-dddd' });
        agents.set(handle, agent);
      }),
    );
  }
  return agents;
}
