//! What Skein is about: posts, schedules, deliveries and their states, receipts, and the ports to the outside.
