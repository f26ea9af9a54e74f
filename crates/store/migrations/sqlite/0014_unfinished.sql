-- What an account has that is not over: asked for each post that leaves. Without an index of its own a server that has no statistics yet
-- walked through what all accounts have, and one that has them through all that the account ever had.
CREATE INDEX deliveries_unfinished_of_account ON deliveries (account, due, id) WHERE is_over = 0;
-- What old processes have ended without marking it: looked for when an engine starts, however much waits. Mostly empty.
CREATE INDEX deliveries_left_unmarked ON deliveries (id)
    WHERE is_over = 0 AND state IN ('published', 'failed', 'missed', 'canceled', 'removed');
