//! Virtual YubiKeys on the real PC/SC stack. Run among virtual readers: `cargo xtask room -- cargo test
//! -p keys`. Each test has the room for itself.

mod enrolment;
mod seats;
mod support;
mod usage;
