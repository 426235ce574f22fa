//! One way for a secret to show itself: not at all.

/// Gives types a `Debug` that prints `<redacted>` and nothing else.
macro_rules! redacted {
    ($($name:ty),+ $(,)?) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("<redacted>")
            }
        }
    )+};
}

pub(crate) use redacted;
