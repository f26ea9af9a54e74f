// pg-boss on PostgreSQL. It polls, at most twice a second. A worker takes 1,000 jobs at a time and posts 16 of them at once: with
// one job at a time for each of 16 workers it would do 32 a second.

import { PgBoss } from 'pg-boss';
import { CONCURRENCY, QUEUE, pieces, play } from './scene.mjs';

const BATCH = 1000;

async function started(store) {
  const boss = new PgBoss({ connectionString: store, max: CONCURRENCY + 2 });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  await boss.createQueue(QUEUE);
  return boss;
}

await play({
  async handIn(store, jobs) {
    const boss = await started(store);
    for (const piece of pieces(jobs, BATCH)) {
      await boss.insert(
        QUEUE,
        piece.map((job) => ({
          data: { handle: job.handle, text: job.text },
          startAfter: new Date(job.due_ms),
        })),
      );
    }
    await boss.stop();
  },
  async work(store, post) {
    const boss = await started(store);
    await boss.work(QUEUE, { batchSize: BATCH, pollingIntervalSeconds: 0.5 }, async (jobs) => {
      let next = 0;
      const one = async () => {
        while (next < jobs.length) await post(jobs[next++].data);
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, one));
    });
  },
});
