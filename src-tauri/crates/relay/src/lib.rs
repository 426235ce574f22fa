//! Carries protocol messages between seats. It orders and delivers; it is never trusted.
