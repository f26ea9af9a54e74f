-- What accounts and hosts have used of their limits: one row for each meter, as JSON that whoever counts writes and reads.
CREATE TABLE budget (
    meter TEXT NOT NULL,
    whose TEXT NOT NULL,
    tally TEXT NOT NULL,
    PRIMARY KEY (meter, whose)
);

-- 1 for the first time that a request was made, one more for each time that it was made again.
ALTER TABLE calls ADD COLUMN attempt BIGINT NOT NULL DEFAULT 1;
