-- What an account has that is not over: asked for each post that leaves. Without an index of its own a server that has no statistics yet
-- walked through what all accounts have, and one that has them through all that the account ever had.
CREATE INDEX deliveries_unfinished_of_account ON deliveries (account, due, id) WHERE is_over = 0;
