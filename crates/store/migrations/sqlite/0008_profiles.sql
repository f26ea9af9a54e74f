-- Accounts that were asked for, as the AppView showed them. actor is a DID, or a handle that led to none.
CREATE TABLE profiles (
    actor TEXT PRIMARY KEY NOT NULL,
    handle TEXT,
    view TEXT,
    gone TEXT,
    asked_at BIGINT NOT NULL,
    CONSTRAINT profile_is_there_or_gone CHECK (view IS NOT NULL OR gone IS NOT NULL),
    CONSTRAINT profile_gone_is_known CHECK (gone IS NULL OR gone IN ('taken_down', 'deactivated', 'not_found'))
);

-- A handle belongs to one account at a time.
CREATE UNIQUE INDEX profiles_by_handle ON profiles (handle) WHERE handle IS NOT NULL;
