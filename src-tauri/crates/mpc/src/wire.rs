//! The header that every message opens with.

use domain::id::SeatId;
use zeroize::Zeroizing;

use crate::abort::Fault;
use crate::binding::{Scheme, Tag};
use crate::session::{Outgoing, Recipient};

/// The version of all messages.
const VERSION: u8 = 1;

/// Bytes of a header: version, scheme, act, round, sender and recipient (big-endian; recipient 0 is
/// everybody), and the session's tag.
pub(crate) const HEADER: usize = 40;

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Keygen,
    Acceptance,
    Signing,
}

impl Act {
    const fn byte(self) -> u8 {
        match self {
            Act::Keygen => 1,
            Act::Acceptance => 2,
            Act::Signing => 3,
        }
    }

    /// The act's name in hashes.
    pub const fn name(self) -> &'static str {
        match self {
            Act::Keygen => "keygen",
            Act::Acceptance => "acceptance",
            Act::Signing => "signing",
        }
    }
}

/// What this seat puts into its own headers and demands of others'.
pub(crate) struct Header {
    pub scheme: Scheme,
    pub act: Act,
    pub me: SeatId,
    /// The tag in round 1.
    pub opening: Tag,
    /// The tag from round 2 on: bound to what was said in round 1 as well.
    pub bound: Tag,
}

impl Header {
    /// A message to everybody.
    pub fn to_all(&self, round: u8, body: &[u8]) -> Outgoing {
        self.message(round, Recipient::All, 0, body)
    }

    /// A message to one seat.
    pub fn to_seat(&self, round: u8, seat: SeatId, body: &[u8]) -> Outgoing {
        self.message(round, Recipient::Seat(seat), seat.get(), body)
    }

    fn message(&self, round: u8, to: Recipient, number: u16, body: &[u8]) -> Outgoing {
        // Exact capacity: a vector that grows leaves copies of secrets behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(HEADER + body.len()));
        bytes.extend([VERSION, self.scheme.byte(), self.act.byte(), round]);
        bytes.extend(self.me.get().to_be_bytes());
        bytes.extend(number.to_be_bytes());
        bytes.extend(self.tag(round));
        bytes.extend(body);
        Outgoing { to, bytes }
    }

    const fn tag(&self, round: u8) -> &Tag {
        if round <= 1 {
            &self.opening
        } else {
            &self.bound
        }
    }

    /// Takes a message apart, after everything in its header was found right. What can be stray or
    /// of another age is looked at first, so that nobody is blamed for it.
    pub fn open<'a>(&self, seat: SeatId, bytes: &'a [u8]) -> Result<Opened<'a>, Fault> {
        let got = bytes.len();
        let (header, body) = bytes
            .split_first_chunk::<HEADER>()
            .ok_or(Fault::Truncated { seat, got })?;
        let [version, scheme, act, round, s0, s1, r0, r1, tag @ ..] = header;
        if *version != VERSION {
            let version = *version;
            return Err(Fault::UnknownVersion { seat, version });
        }
        if *scheme != self.scheme.byte() || *act != self.act.byte() {
            return Err(Fault::OtherProtocol { seat });
        }
        if tag != self.tag(*round) {
            return Err(Fault::OtherSession { seat });
        }
        let claimed = u16::from_be_bytes([*s0, *s1]);
        if claimed != seat.get() {
            return Err(Fault::Impersonation { seat, claimed });
        }
        let to = u16::from_be_bytes([*r0, *r1]);
        if to != 0 && to != self.me.get() {
            return Err(Fault::OtherRecipient { seat });
        }
        let private = to != 0;
        Ok(Opened {
            round: *round,
            private,
            body,
        })
    }
}

/// A message whose header is right.
pub(crate) struct Opened<'a> {
    pub round: u8,
    pub private: bool,
    pub body: &'a [u8],
}
