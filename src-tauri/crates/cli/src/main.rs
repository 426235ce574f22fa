//! `countersign`.
fn main() {}
