//! The sandbox from outside: over the wire, with faults, and as people see it.
#![cfg(test)]

mod faults;
mod network;
mod pages;
mod wire;
