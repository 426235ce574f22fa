//! Virtual YubiKeys on the real PC/SC stack. Run among virtual readers: `cargo xtask room -- cargo test
//! -p keys`. Each test has the room for itself.
#![expect(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

mod enrolment;
mod rival;
mod seats;
mod support;
mod usage;
