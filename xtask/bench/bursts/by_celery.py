"""Celery on Redis, posting with atproto: tasks with an `eta`, sixteen processes.

    by_celery.py hand-in STORE JOBS          hands in the jobs of a file, one a line as JSON, each for its instant
    by_celery.py work STORE STUB ACCOUNTS    logs so many accounts in, works on jobs until its standard input ends, says `ready`

The accounts log in before the processes are made, so that these share what they do not change. Each process has made a call
before it works.
"""

import json
import os
import signal
import sys
import threading
import warnings
from datetime import datetime, timezone
from pathlib import Path

import httpx
from atproto import Client, Request, models
from atproto_client.models.utils import get_model_as_json
from celery import Celery, signals

warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")

PART, STORE, *REST = sys.argv[1:]
CONCURRENCY = 16

app = Celery("bursts", broker=STORE)
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)


class Shared(Request):
    """The headers of one account, over connections that all accounts share."""

    http = None

    def __init__(self):
        super(Request, self).__init__()

    @property
    def _client(self):
        return Shared.http


CLIENTS = {}


@app.task(name="post")
def post(handle, text):
    CLIENTS[handle].send_post(text, profile_identify=handle, langs=["en"])


def hand_in(jobs):
    with app.producer_or_acquire() as producer:
        for line in Path(jobs).read_text(encoding="utf-8").splitlines():
            job = json.loads(line)
            eta = datetime.fromtimestamp(job["due_ms"] / 1000, tz=timezone.utc)
            post.apply_async((job["handle"], job["text"]), eta=eta, producer=producer)


@signals.worker_process_init.connect
def connect(**_):
    Shared.http = httpx.Client(follow_redirects=True)
    next(iter(CLIENTS.values())).com.atproto.server.describe_server()


@signals.worker_ready.connect
def tell(**_):
    # Celery takes `sys.stdout` for its log.
    print("ready", file=sys.__stdout__, flush=True)


def end_with_input():
    # Not by `sys.stdin`: its lock would be held for ever in the processes that are forked meanwhile.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def work(stub, accounts):
    with httpx.Client(follow_redirects=True) as Shared.http:
        for number in range(int(accounts)):
            client = Client(stub, request=Shared())
            # The profile would come from an AppView, and there is none.
            client.login(f"u{number}.test", "aaaa-bbbb-cccc-dddd", fetch_bsky_profile=False)
            CLIENTS[f"u{number}.test"] = client
    # The models of a post are made when they are used first, which would be at the first instant, by each process.
    record = models.AppBskyFeedPost.Record(created_at=client.get_current_time_iso(), text="", langs=["en"])
    get_model_as_json(models.ComAtprotoRepoCreateRecord.Data(collection="app.bsky.feed.post", repo="", record=record))
    threading.Thread(target=end_with_input, daemon=True).start()
    app.worker_main(["worker", "--pool", "prefork", "--concurrency", str(CONCURRENCY), "--loglevel", "ERROR"])


if PART == "hand-in":
    hand_in(*REST)
else:
    work(*REST)
