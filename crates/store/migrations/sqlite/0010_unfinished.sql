-- What waits and what a person must look at, in the order of lists: they never walk through what was published. The text of the
-- condition stands in the queries, too, since only then the index is used.
CREATE INDEX deliveries_unfinished ON deliveries (due, id) WHERE state IN
    ('scheduled', 'preparing', 'ready', 'blocked', 'publishing', 'settling', 'needs_review');
DROP INDEX deliveries_awake_by_due;
