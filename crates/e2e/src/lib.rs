//! Tests that cross processes: real PDS, crash, sandbox contract.
