//! Commands, status words, and the tag-length-value coding inside them.

/// A status word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u16);

impl Status {
    pub const WRONG_LENGTH: Self = Self(0x6700);
    pub const SECURITY_NOT_SATISFIED: Self = Self(0x6982);
    pub const BLOCKED: Self = Self(0x6983);
    pub const CONDITIONS_NOT_SATISFIED: Self = Self(0x6985);
    pub const WRONG_DATA: Self = Self(0x6A80);
    pub const FILE_NOT_FOUND: Self = Self(0x6A82);
    pub const WRONG_PARAMETERS: Self = Self(0x6A86);
    pub const REFERENCE_NOT_FOUND: Self = Self(0x6A88);
    pub const WRONG_REFERENCE: Self = Self(0x6B00);
    pub const UNKNOWN_INSTRUCTION: Self = Self(0x6D00);
    pub const INTERNAL: Self = Self(0x6F00);

    /// "Wrong, so many tries left."
    pub fn tries_left(tries: u8) -> Self {
        if tries == 0 {
            Self::BLOCKED
        } else {
            Self(0x63C0 | u16::from(tries.min(15)))
        }
    }
}

/// What a command gives back: data, or why not.
pub type Answer = Result<Vec<u8>, Status>;

/// One command, short or extended.
pub struct Command<'a> {
    pub class: u8,
    pub instruction: u8,
    pub p1: u8,
    pub p2: u8,
    pub data: &'a [u8],
    pub expected: usize,
}

const SHORT: usize = 256;
const EXTENDED: usize = 65_536;

impl<'a> Command<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Status> {
        let (&[class, instruction, p1, p2], body) =
            bytes.split_first_chunk().ok_or(Status::WRONG_LENGTH)?;
        let (data, expected) = body_of(body).ok_or(Status::WRONG_LENGTH)?;
        Ok(Self {
            class,
            instruction,
            p1,
            p2,
            data,
            expected,
        })
    }

    /// More blocks of the same command follow.
    pub fn is_chained(&self) -> bool {
        self.class & 0x10 != 0
    }
}

fn body_of(body: &[u8]) -> Option<(&[u8], usize)> {
    match body {
        [] => Some((&[], SHORT)),
        [le] => Some((&[], or_all(usize::from(*le), SHORT))),
        [0, hi, lo] => Some((&[], or_all(u16::from_be_bytes([*hi, *lo]).into(), EXTENDED))),
        [0, hi, lo, rest @ ..] => {
            let (data, le) = rest.split_at_checked(u16::from_be_bytes([*hi, *lo]).into())?;
            match le {
                [] => Some((data, EXTENDED)),
                [hi, lo] => Some((
                    data,
                    or_all(u16::from_be_bytes([*hi, *lo]).into(), EXTENDED),
                )),
                _ => None,
            }
        }
        [lc, rest @ ..] => {
            let (data, le) = rest.split_at_checked((*lc).into())?;
            match le {
                [] => Some((data, SHORT)),
                [le] => Some((data, or_all((*le).into(), SHORT))),
                _ => None,
            }
        }
    }
}

fn or_all(le: usize, all: usize) -> usize {
    if le == 0 { all } else { le }
}

/// Codes `value` under `tag`.
pub fn tlv(tag: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = tag.to_vec();
    let [.., high, low] = value.len().to_be_bytes();
    match value.len() {
        0..=0x7F => out.push(low),
        0x80..=0xFF => out.extend([0x81, low]),
        _ => out.extend([0x82, high, low]),
    }
    out.extend(value);
    out
}

/// A list of values under one-byte tags.
pub struct Tlvs<'a>(Vec<(u8, &'a [u8])>);

impl<'a> Tlvs<'a> {
    pub fn parse(mut bytes: &'a [u8]) -> Result<Self, Status> {
        let mut list = Vec::new();
        while let Some((tag, rest)) = bytes.split_first() {
            let (value, rest) = length_and_value(rest).ok_or(Status::WRONG_DATA)?;
            list.push((*tag, value));
            bytes = rest;
        }
        Ok(Self(list))
    }

    pub fn get(&self, tag: u8) -> Option<&'a [u8]> {
        self.0
            .iter()
            .find(|(t, _)| *t == tag)
            .map(|(_, value)| *value)
    }

    pub fn need(&self, tag: u8) -> Result<&'a [u8], Status> {
        self.get(tag).ok_or(Status::WRONG_DATA)
    }

    /// The first byte under `tag`.
    pub fn byte(&self, tag: u8) -> Option<u8> {
        self.get(tag)?.first().copied()
    }
}

fn length_and_value(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match bytes {
        [0x81, n, rest @ ..] => (usize::from(*n), rest),
        [0x82, hi, lo, rest @ ..] => (u16::from_be_bytes([*hi, *lo]).into(), rest),
        [n @ 0..=0x7F, rest @ ..] => (usize::from(*n), rest),
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
        Command::parse(bytes)
            .ok()
            .map(|c| (c.data.to_vec(), c.expected))
    }

    #[test]
    fn every_shape_of_command_is_read() {
        assert_eq!(parsed(&[0, 1, 2, 3]), Some((vec![], 256)));
        assert_eq!(parsed(&[0, 1, 2, 3, 4]), Some((vec![], 4)));
        assert_eq!(parsed(&[0, 1, 2, 3, 0]), Some((vec![], 256)));
        assert_eq!(parsed(&[0, 1, 2, 3, 2, 8, 9]), Some((vec![8, 9], 256)));
        assert_eq!(parsed(&[0, 1, 2, 3, 2, 8, 9, 7]), Some((vec![8, 9], 7)));
        assert_eq!(parsed(&[0, 1, 2, 3, 0, 0, 0]), Some((vec![], 65_536)));
        assert_eq!(parsed(&[0, 1, 2, 3, 0, 0, 1, 9]), Some((vec![9], 65_536)));
        assert_eq!(
            parsed(&[0, 1, 2, 3, 0, 0, 1, 9, 1, 0]),
            Some((vec![9], 256))
        );
    }

    #[test]
    fn a_length_that_lies_is_refused() {
        for bytes in [
            &[0, 1, 2][..],
            &[],
            &[0, 1, 2, 3, 9, 1, 1],
            &[0, 1, 2, 3, 0, 9, 9, 1],
        ] {
            assert!(parsed(bytes).is_none(), "{bytes:?}");
        }
        for bytes in [
            &[0x7C, 5, 1][..],
            &[0x7C],
            &[0x7C, 0x82, 1],
            &[0x7C, 0x83, 0, 0, 0],
        ] {
            assert!(Tlvs::parse(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_coded_is_read_back() {
        for length in [0, 1, 127, 128, 255, 256, 3000] {
            let value = vec![7; length];
            let coded = tlv(&[0x53], &value);
            assert_eq!(Tlvs::parse(&coded).unwrap().need(0x53).unwrap(), value);
        }
    }
}
