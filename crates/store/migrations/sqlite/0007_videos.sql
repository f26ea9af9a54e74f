-- How far the uploads of videos are: one row for each file of each account, and who is at work on it.
CREATE TABLE video_uploads (
    did TEXT NOT NULL,
    file TEXT NOT NULL,
    -- As JSON that whoever uploads writes and reads; NULL before the first step.
    state TEXT,
    done_at BIGINT,
    changed_at BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT,
    PRIMARY KEY (did, file),
    CONSTRAINT video_upload_lease_is_whole CHECK ((lease_owner IS NULL) = (lease_until IS NULL)),
    CONSTRAINT video_upload_is_done_with_its_state CHECK (done_at IS NULL OR state IS NOT NULL)
);
