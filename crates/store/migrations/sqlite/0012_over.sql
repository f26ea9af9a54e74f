-- Whether a delivery has ended: published, failed, missed, canceled or removed. What waits and what a person must look at are listed by
-- this column and not by the state, because an index that names the state is written anew with every step that a delivery takes.
ALTER TABLE deliveries ADD COLUMN is_over SMALLINT NOT NULL DEFAULT 0;
UPDATE deliveries SET is_over = 1 WHERE state IN ('published', 'failed', 'missed', 'canceled', 'removed');
DROP INDEX deliveries_unfinished;
CREATE INDEX deliveries_unfinished ON deliveries (due, id) WHERE is_over = 0;
