//! A small Bluesky network in one process, with faults to order.
