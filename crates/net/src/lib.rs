//! The one HTTP client builder: TLS, bounds on time and size, DNS, and the guard against private addresses.
