//! What a card forgets when it loses power, is reset, or another applet is selected.

use std::time::Instant;

/// The applets that are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Applet {
    #[default]
    None,
    Piv,
    Management,
    Otp,
}

/// A command may come in blocks; no real one is longer than this.
const LONGEST_COMMAND: usize = 4096;

/// The volatile state.
#[derive(Default)]
pub struct Session {
    pub applet: Applet,
    pub pin_verified: bool,
    /// The command just before was a VERIFY that succeeded.
    pub pin_fresh: bool,
    pub management: bool,
    pub witness: Option<Vec<u8>>,
    pub challenge: Option<Vec<u8>>,
    pub touched_at: Option<Instant>,
    chain: Vec<u8>,
    response: Vec<u8>,
}

impl Session {
    pub fn of(applet: Applet) -> Self {
        Self {
            applet,
            ..Self::default()
        }
    }

    /// Keeps a block of a chained command; false when the chain has grown too long.
    pub fn add_block(&mut self, block: &[u8]) -> bool {
        if self.chain.len() + block.len() > LONGEST_COMMAND {
            self.chain.clear();
            return false;
        }
        self.chain.extend(block);
        true
    }

    /// All blocks, the last one included.
    pub fn complete(&mut self, last: &[u8]) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.chain);
        all.extend(last);
        all
    }

    pub fn set_response(&mut self, response: Vec<u8>) {
        self.response = response;
    }

    /// The next part of the response, with the status word that tells how much is left.
    pub fn next_part(&mut self, at_most: usize) -> Vec<u8> {
        let rest = self.response.split_off(self.response.len().min(at_most));
        let mut part = std::mem::replace(&mut self.response, rest);
        match self.response.len() {
            0 => part.extend([0x90, 0x00]),
            left => part.extend([0x61, u8::try_from(left).unwrap_or(0)]),
        }
        part
    }
}
