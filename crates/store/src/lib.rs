//! The Ledger on SQLite: migrations, encryption, one file per table. The only place with SQL.
