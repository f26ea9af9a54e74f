-- What holds for posts that are late or fail: what a workspace says, and what was settled for a delivery at its submission, as JSON. NULL
-- where nobody said anything, which is nearly always.
ALTER TABLE workspaces ADD COLUMN policy TEXT;
ALTER TABLE deliveries ADD COLUMN policy TEXT;
