-- The schema as SQLite has it after its step of the same number; its comments are there. A test compares the two.
-- Texts that are compared, sorted or found by are COLLATE "C": their order is that of SQLite, whatever the database's locale.

CREATE TABLE workspaces (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY
);

INSERT INTO workspaces (id) VALUES ('personal');

CREATE TABLE accounts (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    platform TEXT COLLATE "C" NOT NULL,
    identity TEXT COLLATE "C" NOT NULL,
    handle TEXT COLLATE "C" NOT NULL,
    host TEXT NOT NULL,
    standing TEXT NOT NULL,
    standing_fault TEXT,
    held SMALLINT NOT NULL,
    connected_at BIGINT NOT NULL,
    UNIQUE (workspace, platform, identity),
    CONSTRAINT account_standing_is_known CHECK (standing IN ('active', 'needs_reconnect')),
    CONSTRAINT account_fault_exactly_when_unusable CHECK ((standing = 'needs_reconnect') = (standing_fault IS NOT NULL)),
    CONSTRAINT account_held_is_a_flag CHECK (held IN (0, 1))
);

CREATE TABLE posts (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    draft TEXT NOT NULL,
    due BIGINT NOT NULL,
    zone TEXT NOT NULL,
    submitted_at BIGINT NOT NULL,
    name TEXT COLLATE "C",
    body_hash TEXT,
    CONSTRAINT post_name_has_its_body CHECK ((name IS NULL) = (body_hash IS NULL))
);

CREATE INDEX posts_by_workspace ON posts (workspace, id);
CREATE UNIQUE INDEX posts_by_name ON posts (workspace, name) WHERE name IS NOT NULL;

CREATE TABLE lanes (
    lane TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    lease_owner TEXT,
    lease_token BIGINT NOT NULL DEFAULT 0,
    lease_until BIGINT,
    last_created_at BIGINT,
    CONSTRAINT lane_lease_is_whole CHECK ((lease_owner IS NULL) = (lease_until IS NULL)),
    CONSTRAINT lane_token_only_rises_from_zero CHECK (lease_token >= 0)
);

CREATE INDEX lanes_leased ON lanes (lease_until) WHERE lease_until IS NOT NULL;

CREATE TABLE deliveries (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    post TEXT COLLATE "C" NOT NULL REFERENCES posts (id),
    account TEXT COLLATE "C" NOT NULL,
    lane TEXT COLLATE "C" NOT NULL REFERENCES lanes (lane),
    due BIGINT NOT NULL,
    grace_ms BIGINT NOT NULL,
    content TEXT NOT NULL,
    prepared TEXT,
    state TEXT COLLATE "C" NOT NULL,
    state_json TEXT NOT NULL,
    wake_at BIGINT,
    armed_at BIGINT,
    settled_at BIGINT,
    attempts BIGINT NOT NULL,
    version BIGINT NOT NULL,
    submitted_at BIGINT NOT NULL,
    lead_ms BIGINT NOT NULL DEFAULT 30000,
    CONSTRAINT delivery_state_is_known CHECK (state IN (
        'scheduled', 'preparing', 'ready', 'blocked', 'publishing', 'settling',
        'needs_review', 'published', 'failed', 'missed', 'canceled', 'removed')),
    CONSTRAINT delivery_state_agrees_with_its_data CHECK (state_json LIKE '{"state":"' || state || '"%'),
    CONSTRAINT delivery_wakes_exactly_when_not_at_rest CHECK ((wake_at IS NOT NULL) = (state IN (
        'scheduled', 'preparing', 'ready', 'blocked', 'publishing', 'settling'))),
    CONSTRAINT delivery_is_frozen_from_ready_on CHECK (prepared IS NOT NULL OR state NOT IN (
        'ready', 'publishing', 'settling', 'needs_review', 'published')),
    CONSTRAINT delivery_has_no_bytes_before_the_freeze CHECK (prepared IS NULL OR state NOT IN ('scheduled', 'preparing')),
    CONSTRAINT delivery_has_evidence_exactly_while_unsettled CHECK (
        (armed_at IS NOT NULL) = (state IN ('publishing', 'settling', 'needs_review'))),
    CONSTRAINT delivery_has_a_receipt_exactly_when_public CHECK (
        (settled_at IS NOT NULL) = (state IN ('published', 'removed'))),
    CONSTRAINT delivery_attempts_are_counted CHECK (attempts BETWEEN 0 AND 4294967295),
    CONSTRAINT delivery_version_only_rises_from_zero CHECK (version >= 0)
);

CREATE INDEX deliveries_awake ON deliveries (wake_at, lane) WHERE wake_at IS NOT NULL;
CREATE INDEX deliveries_awake_in_lane ON deliveries (lane, wake_at, state, due, id) WHERE wake_at IS NOT NULL;
CREATE INDEX deliveries_awake_by_due ON deliveries (due, id) WHERE wake_at IS NOT NULL;
CREATE INDEX deliveries_in_hand ON deliveries (lane, state, due, id) WHERE state IN ('preparing', 'publishing', 'settling');
CREATE INDEX deliveries_by_due ON deliveries (due, id);
CREATE INDEX deliveries_by_account ON deliveries (account, due, id);
CREATE INDEX deliveries_by_post ON deliveries (post, due, id);

CREATE TABLE records (
    lane TEXT COLLATE "C" NOT NULL REFERENCES lanes (lane),
    uri TEXT COLLATE "C" NOT NULL,
    cid TEXT NOT NULL,
    delivery TEXT COLLATE "C" NOT NULL REFERENCES deliveries (id),
    part BIGINT NOT NULL,
    PRIMARY KEY (lane, uri),
    UNIQUE (delivery, part),
    CONSTRAINT record_part_is_counted CHECK (part >= 0)
);

-- seq is handed out before the transaction is committed: whoever follows with a cursor must expect a lower one to appear late.
CREATE TABLE story (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery TEXT COLLATE "C" NOT NULL REFERENCES deliveries (id),
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    event_json TEXT NOT NULL,
    CONSTRAINT story_event_agrees_with_its_data CHECK (event_json LIKE '{"event":"' || event || '"%')
);

CREATE INDEX story_of_delivery ON story (delivery, seq);

CREATE TABLE engines (
    owner TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    seen_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    did TEXT COLLATE "C" NOT NULL,
    service TEXT COLLATE "C" NOT NULL,
    ciphertext BYTEA,
    version BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT,
    PRIMARY KEY (did, service),
    CONSTRAINT session_version_only_rises_from_zero CHECK (version >= 0),
    CONSTRAINT session_lease_is_whole CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
);

CREATE TABLE vault_keys (
    key_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    check_value BYTEA NOT NULL
);

CREATE TABLE post_files (
    file TEXT COLLATE "C" NOT NULL,
    post TEXT COLLATE "C" NOT NULL REFERENCES posts (id),
    PRIMARY KEY (file, post)
);

CREATE TABLE calls (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    account TEXT,
    work TEXT COLLATE "C",
    verb TEXT NOT NULL,
    method TEXT COLLATE "C" NOT NULL,
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
    rate_policy TEXT,
    attempt BIGINT NOT NULL DEFAULT 1
);

CREATE INDEX calls_by_time ON calls (at, id);
CREATE INDEX calls_of_work ON calls (work, at) WHERE work IS NOT NULL;

CREATE TABLE cursors (
    account TEXT COLLATE "C" NOT NULL,
    method TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    cursor TEXT NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (account, method, name)
);

CREATE TABLE budget (
    meter TEXT COLLATE "C" NOT NULL,
    whose TEXT COLLATE "C" NOT NULL,
    tally TEXT NOT NULL,
    PRIMARY KEY (meter, whose)
);

CREATE TABLE video_uploads (
    did TEXT COLLATE "C" NOT NULL,
    file TEXT COLLATE "C" NOT NULL,
    state TEXT,
    done_at BIGINT,
    changed_at BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT,
    PRIMARY KEY (did, file),
    CONSTRAINT video_upload_lease_is_whole CHECK ((lease_owner IS NULL) = (lease_until IS NULL)),
    CONSTRAINT video_upload_is_done_with_its_state CHECK (done_at IS NULL OR state IS NOT NULL)
);

CREATE TABLE profiles (
    actor TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    handle TEXT COLLATE "C",
    view TEXT,
    gone TEXT,
    asked_at BIGINT NOT NULL,
    CONSTRAINT profile_is_there_or_gone CHECK (view IS NOT NULL OR gone IS NOT NULL),
    CONSTRAINT profile_gone_is_known CHECK (gone IS NULL OR gone IN ('taken_down', 'deactivated', 'not_found'))
);

CREATE UNIQUE INDEX profiles_by_handle ON profiles (handle) WHERE handle IS NOT NULL;
