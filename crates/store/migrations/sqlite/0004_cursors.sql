-- How far lists were read: one cursor for each name, method and account. account is empty for calls as nobody.
CREATE TABLE cursors (
    account TEXT NOT NULL,
    method TEXT NOT NULL,
    name TEXT NOT NULL,
    cursor TEXT NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (account, method, name)
);
