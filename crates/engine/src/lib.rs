//! Clockwork: planner, preparer, publisher, settler, rescuer.
