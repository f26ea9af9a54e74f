-- Instants are microseconds since the Unix epoch, flags are SMALLINT 0 or 1, JSON is TEXT: the same columns serve PostgreSQL.
-- The CHECK constraints repeat the invariants of the state machine in skein-domain; their names are what a refusal shows.

CREATE TABLE workspaces (
    id TEXT NOT NULL PRIMARY KEY
);

INSERT INTO workspaces (id) VALUES ('personal');

CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    platform TEXT NOT NULL,
    identity TEXT NOT NULL,
    handle TEXT NOT NULL,
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
    id TEXT NOT NULL PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    draft TEXT NOT NULL,
    due BIGINT NOT NULL,
    zone TEXT NOT NULL,
    submitted_at BIGINT NOT NULL
);

CREATE INDEX posts_by_workspace ON posts (workspace, id);

-- A lane is what writes to one identity share: the lease, its fencing token, and the clock that hands out createdAt.
CREATE TABLE lanes (
    lane TEXT NOT NULL PRIMARY KEY,
    lease_owner TEXT,
    lease_token BIGINT NOT NULL DEFAULT 0,
    lease_until BIGINT,
    last_created_at BIGINT,
    CONSTRAINT lane_lease_is_whole CHECK ((lease_owner IS NULL) = (lease_until IS NULL)),
    CONSTRAINT lane_token_only_rises_from_zero CHECK (lease_token >= 0)
);

CREATE INDEX lanes_leased ON lanes (lease_until) WHERE lease_until IS NOT NULL;

-- account has no foreign key: what was published stays on record after its account was removed.
CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    post TEXT NOT NULL REFERENCES posts (id),
    account TEXT NOT NULL,
    lane TEXT NOT NULL REFERENCES lanes (lane),
    due BIGINT NOT NULL,
    grace_ms BIGINT NOT NULL,
    content TEXT NOT NULL,
    prepared TEXT,
    state TEXT NOT NULL,
    state_json TEXT NOT NULL,
    wake_at BIGINT,
    armed_at BIGINT,
    settled_at BIGINT,
    attempts BIGINT NOT NULL,
    version BIGINT NOT NULL,
    submitted_at BIGINT NOT NULL,
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

-- Rows at rest are in none of these four, so history costs the clockwork nothing.
CREATE INDEX deliveries_awake ON deliveries (wake_at, lane) WHERE wake_at IS NOT NULL;
CREATE INDEX deliveries_awake_in_lane ON deliveries (lane, wake_at, state, due, id) WHERE wake_at IS NOT NULL;
CREATE INDEX deliveries_awake_by_due ON deliveries (due, id) WHERE wake_at IS NOT NULL;
CREATE INDEX deliveries_in_hand ON deliveries (lane, state, due, id) WHERE state IN ('preparing', 'publishing', 'settling');

CREATE INDEX deliveries_by_due ON deliveries (due, id);
CREATE INDEX deliveries_by_account ON deliveries (account, due, id);
CREATE INDEX deliveries_by_post ON deliveries (post, due, id);

-- Addresses that were allotted. One address belongs to one delivery for ever, once it may have been sent.
CREATE TABLE records (
    lane TEXT NOT NULL REFERENCES lanes (lane),
    uri TEXT NOT NULL,
    cid TEXT NOT NULL,
    delivery TEXT NOT NULL REFERENCES deliveries (id),
    part BIGINT NOT NULL,
    PRIMARY KEY (lane, uri),
    UNIQUE (delivery, part),
    CONSTRAINT record_part_is_counted CHECK (part >= 0)
);

-- seq rises over all deliveries and is never used twice, so that readers can follow with a cursor.
CREATE TABLE story (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    delivery TEXT NOT NULL REFERENCES deliveries (id),
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    event_json TEXT NOT NULL,
    CONSTRAINT story_event_agrees_with_its_data CHECK (event_json LIKE '{"event":"' || event || '"%')
);

CREATE INDEX story_of_delivery ON story (delivery, seq);

CREATE TABLE engines (
    owner TEXT NOT NULL PRIMARY KEY,
    seen_at BIGINT NOT NULL
);

-- A session that was forgotten keeps its row without the secret, so that its version never starts again.
CREATE TABLE sessions (
    did TEXT NOT NULL,
    service TEXT NOT NULL,
    ciphertext BLOB,
    version BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT,
    PRIMARY KEY (did, service),
    CONSTRAINT session_version_only_rises_from_zero CHECK (version >= 0),
    CONSTRAINT session_lease_is_whole CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
);

-- Names the master key that the secrets here were made with, without holding it.
CREATE TABLE vault_keys (
    key_id TEXT NOT NULL PRIMARY KEY,
    check_value BLOB NOT NULL
);
