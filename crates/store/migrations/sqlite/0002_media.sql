-- How long before its instant a delivery is prepared; what was kept before this column has words alone.
ALTER TABLE deliveries ADD COLUMN lead_ms BIGINT NOT NULL DEFAULT 30000;

-- Which posts need a media file. A row stays when its post is over: whether a file is needed, the deliveries tell.
CREATE TABLE post_files (
    file TEXT NOT NULL,
    post TEXT NOT NULL REFERENCES posts (id),
    PRIMARY KEY (file, post)
);
