//! Rule 6: what holds a secret shows nothing and can't be copied.

use crate::seal::SecretBytes;

/// Fails to compile when `$secret` has `$trait`: then the name below is ambiguous.
macro_rules! lacks {
    ($secret:ty, $trait:path) => {
        const _: fn() = || {
            trait Lacks<A> {
                fn unambiguous() {}
            }
            impl<T: ?Sized> Lacks<()> for T {}
            impl<T: ?Sized + $trait> Lacks<u8> for T {}
            let _ = <$secret as Lacks<_>>::unambiguous;
        };
    };
}

lacks!(SecretBytes, Clone);
lacks!(SecretBytes, std::fmt::Display);
lacks!(SecretBytes, serde::Serialize);
lacks!(SecretBytes, PartialEq);

#[test]
fn secret_bytes_show_nothing() {
    let secret = SecretBytes::new(b"correct horse".to_vec());
    for shown in [
        format!("{secret:?}"),
        format!("{secret:#?}"),
        format!("{:?}", Some(&secret)),
    ] {
        assert!(shown.contains("<redacted>"), "{shown}");
        assert!(
            !shown.contains("correct") && !shown.contains("99"),
            "{shown}"
        );
    }
    assert_eq!(secret.expose(), b"correct horse");
}

#[test]
fn everything_else_shows_itself_for_the_log() {
    for body in super::samples::bodies() {
        let shown = format!("{body:?}");
        assert!(shown.len() > 50, "{shown}");
        assert!(!shown.contains("redacted"), "a body holds no secret");
    }
}
