-- The call log: a row for every request that left. Append-only but for pruning. duration is in microseconds.
CREATE TABLE calls (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    account TEXT,
    work TEXT,
    verb TEXT NOT NULL,
    method TEXT NOT NULL,
    host TEXT NOT NULL,
    input TEXT,
    request_bytes BIGINT NOT NULL,
    status BIGINT,
    error TEXT,
    message TEXT,
    response_bytes BIGINT,
    duration BIGINT NOT NULL,
    points BIGINT NOT NULL,
    rate_limit BIGINT,
    rate_remaining BIGINT,
    rate_reset BIGINT,
    rate_policy TEXT
);

CREATE INDEX calls_by_time ON calls (at, id);
CREATE INDEX calls_of_work ON calls (work, at) WHERE work IS NOT NULL;
