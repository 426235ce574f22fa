//! Key generation and threshold signing as sans-I/O sessions; the shares live here.
