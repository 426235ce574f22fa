//! Commands to a card, its answers, and the tag-length-value coding inside them (ISO 7816-4).

use zeroize::Zeroizing;

/// A command; blocks of more than 255 bytes are chained when it is sent. Data may be a PIN: wiped.
pub struct Command {
    pub instruction: u8,
    pub p1: u8,
    pub p2: u8,
    pub data: Zeroizing<Vec<u8>>,
}

impl Command {
    pub fn new(instruction: u8, p1: u8, p2: u8, data: &[u8]) -> Self {
        Self {
            instruction,
            p1,
            p2,
            data: Zeroizing::new(data.to_vec()),
        }
    }

    /// Whether it changes the card or uses a key. What only asks can be asked again, and so can a PIN:
    /// a right one costs no try.
    pub const fn acts(&self) -> bool {
        const SELECT: u8 = 0xA4;
        const GET_DATA: u8 = 0xCB;
        const VERIFY: u8 = 0x20;
        const GET_METADATA: u8 = 0xF7;
        const GET_SERIAL: u8 = 0xF8;
        const ATTEST: u8 = 0xF9;
        const GET_VERSION: u8 = 0xFD;
        !matches!(
            self.instruction,
            SELECT | GET_DATA | VERIFY | GET_METADATA | GET_SERIAL | ATTEST | GET_VERSION
        )
    }

    /// The short-form blocks to send, in order.
    pub fn blocks(&self) -> Vec<Zeroizing<Vec<u8>>> {
        const CHAINED: u8 = 0x10;
        const LONGEST: usize = 255;
        let head = |class| vec![class, self.instruction, self.p1, self.p2];
        if self.data.is_empty() {
            return vec![Zeroizing::new(head(0))];
        }
        let mut chunks = self.data.chunks(LONGEST).peekable();
        let mut blocks = Vec::new();
        while let Some(chunk) = chunks.next() {
            let class = if chunks.peek().is_some() { CHAINED } else { 0 };
            // A chunk is never longer than one byte can count.
            let length = u8::try_from(chunk.len()).unwrap_or(u8::MAX);
            // Room for all, so that no unwiped copy is left behind.
            let mut block = Zeroizing::new(Vec::with_capacity(chunk.len() + 5));
            block.extend(head(class));
            block.push(length);
            block.extend(chunk);
            blocks.push(block);
        }
        blocks
    }
}

/// The last two bytes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub u16);

impl Status {
    pub const OK: Self = Self(0x9000);
    pub const SECURITY_NOT_SATISFIED: Self = Self(0x6982);
    pub const BLOCKED: Self = Self(0x6983);
    pub const CONDITIONS_NOT_SATISFIED: Self = Self(0x6985);
    pub const WRONG_DATA: Self = Self(0x6A80);
    pub const NOT_FOUND: Self = Self(0x6A82);
    pub const REFERENCE_NOT_FOUND: Self = Self(0x6A88);

    /// `63Cx`: x tries left.
    pub const fn tries_left(self) -> Option<u8> {
        if self.0 & 0xFFF0 == 0x63C0 {
            Some((self.0 & 0x0F) as u8)
        } else {
            None
        }
    }

    /// `61xx`: more of the answer is waiting.
    pub const fn more(self) -> bool {
        self.0 >> 8 == 0x61
    }
}

/// An answer: data, possibly secret, and what became of the command.
pub struct Answer {
    pub data: Zeroizing<Vec<u8>>,
    pub status: Status,
}

/// Codes `value` under `tag`. Values are short here: nothing longer than 64 KiB is ever sent.
pub fn tlv(tag: &[u8], value: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(tag.len() + value.len() + 4));
    out.extend(tag);
    let [.., high, low] = value.len().to_be_bytes();
    match value.len() {
        0..0x80 => out.push(low),
        0x80..0x100 => out.extend([0x81, low]),
        _ => out.extend([0x82, high, low]),
    }
    out.extend(value);
    out
}

/// The value under a one-byte tag in a list of such.
pub fn find(mut list: &[u8], tag: u8) -> Option<&[u8]> {
    while let Some((found, rest)) = list.split_first() {
        let (value, rest) = split_value(rest)?;
        if *found == tag {
            return Some(value);
        }
        list = rest;
    }
    None
}

fn split_value(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match bytes {
        [0x81, n, rest @ ..] => (usize::from(*n), rest),
        [0x82, high, low, rest @ ..] => (u16::from_be_bytes([*high, *low]).into(), rest),
        [n @ 0..=0x7F, rest @ ..] => (usize::from(*n), rest),
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_commands_are_chained_and_short_ones_are_not() {
        let lengths = |size| {
            let blocks = Command::new(0xDB, 0x3F, 0xFF, &vec![7; size]).blocks();
            blocks.iter().map(|b| (b[0], b.len())).collect::<Vec<_>>()
        };
        assert_eq!(lengths(0), [(0, 4)]);
        assert_eq!(lengths(1), [(0, 6)]);
        assert_eq!(lengths(255), [(0, 260)]);
        assert_eq!(lengths(256), [(0x10, 260), (0, 6)]);
    }

    #[test]
    fn values_are_found_and_lying_lengths_are_not_believed() {
        for length in [0, 1, 127, 128, 255, 256, 3000] {
            let value = vec![7; length];
            let list = [tlv(&[0x01], b"x").as_slice(), &tlv(&[0x53], &value)].concat();
            assert_eq!(find(&list, 0x53), Some(value.as_slice()));
            assert_eq!(find(&list, 0x54), None);
        }
        for lie in [
            &[0x53][..],
            &[0x53, 2, 1],
            &[0x53, 0x82, 1],
            &[0x53, 0x83, 0, 0, 1, 9],
        ] {
            assert_eq!(find(lie, 0x53), None);
        }
    }

    #[test]
    fn tries_are_read_from_the_status_word() {
        assert_eq!(Status(0x63C2).tries_left(), Some(2));
        assert_eq!(Status(0x63C0).tries_left(), Some(0));
        assert_eq!(Status(0x6982).tries_left(), None);
        assert_eq!(Status(0x6300).tries_left(), None);
    }
}
