//! Set up, demo, test.
fn main() {}
