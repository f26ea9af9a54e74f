// graphile-worker on PostgreSQL. Its notifications are for jobs that are ready when they are handed in; those of later are found
// by polling, so it polls often here (every 100 ms instead of 2 s). For throughput it takes jobs and completes them in batches,
// as its page about performance does.

import { Logger, WorkerPreset, makeWorkerUtils, run } from 'graphile-worker';
import { CONCURRENCY, pieces, play } from './scene.mjs';

const TASK = 'post';
const logger = new Logger(() => (level, message) => {
  if (level === 'error') console.error(message);
});

await play({
  async handIn(store, jobs) {
    const utils = await makeWorkerUtils({ connectionString: store, logger });
    await utils.migrate();
    for (const piece of pieces(jobs, 1000)) {
      await utils.addJobs(
        piece.map((job) => ({
          identifier: TASK,
          payload: { handle: job.handle, text: job.text },
          runAt: new Date(job.due_ms),
        })),
      );
    }
    await utils.release();
  },
  async work(store, post) {
    await run({
      taskList: { [TASK]: async (payload) => void (await post(payload)) },
      parsedCronItems: [],
      preset: {
        extends: [WorkerPreset],
        worker: {
          connectionString: store,
          concurrentJobs: CONCURRENCY,
          maxPoolSize: CONCURRENCY + 2,
          pollInterval: 100,
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
          logger,
        },
      },
      noHandleSignals: true,
    });
  },
});
