//! PINs and PUKs: wiped on drop, shown never.

use std::fmt;

use zeroize::Zeroizing;

/// Shortest PIN or PUK that a YubiKey takes.
const SHORTEST: usize = 6;
/// Longest; a card knows no other length, shorter ones are filled up.
const LONGEST: usize = 8;
const FILL: u8 = 0xFF;

/// The PIN and the PUK that every YubiKey leaves its factory with, and which everybody knows.
const FACTORY_PIN: &[u8] = b"123456";
const FACTORY_PUK: &[u8] = b"12345678";

/// A text that can be no PIN or PUK. Nothing of it is repeated here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// Too short or too long; no try was used.
    #[error(
        "a PIN or PUK has 6 to 8 characters; what was typed has not, so it was not sent to the key and no try was used"
    )]
    Length,
    /// A character that keyboards and tools write in different ways.
    #[error(
        "a PIN or PUK is made of digits, Latin letters and signs without white space; what was typed has another character, so it was not sent to the key and no try was used"
    )]
    Character,
}

macro_rules! secret_code {
    ($(#[$doc:meta])* $name:ident, $factory:expr) => {
        $(#[$doc])*
        pub struct $name(Zeroizing<[u8; LONGEST]>);

        impl $name {
            /// Takes what was typed over and wipes it. Six to eight printable ASCII characters.
            pub fn new(typed: String) -> Result<Self, PinError> {
                padded(&Zeroizing::new(typed)).map(Self)
            }

            /// As the card wants it: filled with FF to eight bytes.
            pub(crate) fn padded(&self) -> &[u8; LONGEST] {
                &self.0
            }

            /// For a worker that must own it; wiped there as here.
            pub(crate) fn for_worker(&self) -> Self {
                Self(self.0.clone())
            }

            /// Known to everybody, or so simple that three tries may do.
            pub(crate) fn is_weak(&self) -> bool {
                let typed: Zeroizing<Vec<u8>> =
                    Zeroizing::new(self.0.iter().copied().filter(|b| *b != FILL).collect());
                let one_character = typed.windows(2).all(|pair| match pair {
                    [a, b] => a == b,
                    _ => false,
                });
                one_character
                    || FACTORY_PIN.starts_with(&typed)
                    || FACTORY_PUK.starts_with(&typed)
                    || $factory == typed.as_slice()
            }

            /// Whether both are the same.
            pub(crate) fn is(&self, other: &Self) -> bool {
                self.0 == other.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("<redacted>")
            }
        }
    };
}

secret_code!(
    /// The PIN of a YubiKey's PIV applet. Wiped on drop, prints `<redacted>`, can't be copied.
    Pin,
    FACTORY_PIN
);
secret_code!(
    /// The PUK, which unblocks the PIN. Wiped on drop, prints `<redacted>`, can't be copied.
    Puk,
    FACTORY_PUK
);

fn padded(typed: &str) -> Result<Zeroizing<[u8; LONGEST]>, PinError> {
    if !typed.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(PinError::Character);
    }
    if !(SHORTEST..=LONGEST).contains(&typed.len()) {
        return Err(PinError::Length);
    }
    let mut bytes = Zeroizing::new([FILL; LONGEST]);
    for (place, byte) in bytes.iter_mut().zip(typed.bytes()) {
        *place = byte;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(text: &str) -> Result<Pin, PinError> {
        Pin::new(text.to_owned())
    }

    #[test]
    fn only_six_to_eight_printable_characters_reach_a_card() {
        for bad in ["", "12345", "123456789", "1234567890123456"] {
            assert_eq!(pin(bad).unwrap_err(), PinError::Length, "{bad:?}");
        }
        for bad in ["12345 6", "12345\n", "12345é", "12345\u{ff}", "123\x0056"] {
            assert_eq!(pin(bad).unwrap_err(), PinError::Character, "{bad:?}");
        }
        assert_eq!(pin("804231").unwrap().padded(), b"804231\xff\xff");
        assert_eq!(pin("80423157").unwrap().padded(), b"80423157");
    }

    #[test]
    fn a_pin_shows_nothing() {
        let pin = pin("804231").unwrap();
        let puk = Puk::new("80423157".to_owned()).unwrap();
        assert_eq!(
            format!("{pin:?} {puk:?} {:?}", Some(&pin)),
            "<redacted> <redacted> Some(<redacted>)"
        );
    }

    #[test]
    fn factory_values_and_one_repeated_character_are_weak() {
        for weak in ["123456", "1234567", "12345678", "000000", "aaaaaaaa"] {
            assert!(pin(weak).unwrap().is_weak(), "{weak}");
        }
        for fair in ["804231", "1234560", "112233"] {
            assert!(!pin(fair).unwrap().is_weak(), "{fair}");
        }
    }
}
