// BullMQ on Redis: delayed jobs, which its worker is woken for.

import { Queue, Worker } from 'bullmq';
import { CONCURRENCY, QUEUE, pieces, play } from './scene.mjs';

function connection(store) {
  const { hostname, port } = new URL(store);
  return { host: hostname, port: Number(port), maxRetriesPerRequest: null };
}

await play({
  async handIn(store, jobs) {
    const queue = new Queue(QUEUE, { connection: connection(store) });
    for (const piece of pieces(jobs, 1000)) {
      const timestamp = Date.now();
      await queue.addBulk(
        piece.map((job) => ({
          name: 'post',
          data: { handle: job.handle, text: job.text },
          // The delay counts from the time stamp, so that the job is due at its instant exactly.
          opts: { timestamp, delay: job.due_ms - timestamp, removeOnComplete: true },
        })),
      );
    }
    await queue.close();
  },
  async work(store, post) {
    const options = { connection: connection(store), concurrency: CONCURRENCY };
    const worker = new Worker(QUEUE, async (job) => void (await post(job.data)), options);
    worker.on('error', (error) => console.error(error));
    worker.on('failed', (_, error) => console.error(error));
    await worker.waitUntilReady();
  },
});
