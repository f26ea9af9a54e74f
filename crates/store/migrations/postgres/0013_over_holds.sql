-- Holds `is_over` to the state. A process of before 0012, which may still run beside newer ones, does not know the column: what it ends
-- stays unmarked until an engine starts, and is out of no list by that; what it takes up again after its end would be missing from the
-- lists of what waits, so that is refused.
UPDATE deliveries SET is_over = 0 WHERE is_over <> 0 AND state NOT IN ('published', 'failed', 'missed', 'canceled', 'removed');
UPDATE deliveries SET is_over = 1 WHERE is_over <> 1 AND state IN ('published', 'failed', 'missed', 'canceled', 'removed');
ALTER TABLE deliveries ADD CONSTRAINT delivery_is_over_only_at_its_end
    CHECK (is_over = 0 OR (is_over = 1 AND state IN ('published', 'failed', 'missed', 'canceled', 'removed')));
