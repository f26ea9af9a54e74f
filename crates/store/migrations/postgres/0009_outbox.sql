-- As SQLite has it; its comments are there. seq is handed out before the transaction is committed, but for one delivery, and for one
-- account, a later change sees the earlier one committed, so their rows rise in their order.
CREATE TABLE outbox (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    subject TEXT COLLATE "C" NOT NULL,
    account TEXT NOT NULL,
    post TEXT,
    delivery TEXT,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    event_json TEXT NOT NULL,
    stage TEXT COLLATE "C" NOT NULL,
    wake_at BIGINT,
    token BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    told TEXT NOT NULL,
    trouble TEXT,
    over_at BIGINT,
    CONSTRAINT outbox_stage_is_known CHECK (stage IN ('waiting', 'handed_on', 'given_up')),
    CONSTRAINT outbox_wakes_exactly_while_it_waits CHECK ((wake_at IS NOT NULL) = (stage = 'waiting')),
    CONSTRAINT outbox_is_over_exactly_when_it_does_not_wait CHECK ((over_at IS NOT NULL) = (stage <> 'waiting')),
    CONSTRAINT outbox_post_has_its_delivery CHECK ((post IS NULL) = (delivery IS NULL)),
    CONSTRAINT outbox_event_agrees_with_its_data CHECK (event_json LIKE '{"event":"' || event || '"%'),
    CONSTRAINT outbox_token_only_rises_from_zero CHECK (token >= 0),
    CONSTRAINT outbox_attempts_are_counted CHECK (attempts BETWEEN 0 AND 4294967295)
);

CREATE INDEX outbox_awake ON outbox (wake_at, seq) WHERE wake_at IS NOT NULL;
CREATE INDEX outbox_awake_of_subject ON outbox (subject, seq) WHERE wake_at IS NOT NULL;
CREATE INDEX outbox_over ON outbox (stage, over_at) WHERE over_at IS NOT NULL;
