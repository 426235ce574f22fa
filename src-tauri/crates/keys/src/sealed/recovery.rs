//! Recovery seats: k of m officers open them together, from a file kept offline.

use std::collections::BTreeSet;
use std::fmt;

use domain::PublicKey;
use domain::seal::{SealShare, SecretBytes, ShareBinding};

use super::envelope::{NewSeal, Seal};
use super::hardware::check_officers;
use super::shamir::{self, Value};
use super::{OpenError, Opener, SealError, SealKind, SealedFile};
use crate::cards::CardError;
use crate::hpke::SharedSecret;

/// Seals the share of a recovery seat.
#[derive(Debug)]
pub struct RecoverySealer {
    officers: Vec<Opener>,
    needed: u8,
    total: u8,
}

impl RecoverySealer {
    /// `needed` of these officers open the seat: at least 2, at most all.
    pub fn new(officers: Vec<Opener>, needed: u16) -> Result<Self, SealError> {
        check_officers(SealKind::Recovery, &officers)?;
        let refused = || SealError::Pieces {
            needed,
            total: officers.len(),
        };
        if needed < 2 || usize::from(needed) > officers.len() {
            return Err(refused());
        }
        let (Ok(needed), Ok(total)) = (u8::try_from(needed), u8::try_from(officers.len())) else {
            return Err(refused());
        };
        Ok(Self {
            officers,
            needed,
            total,
        })
    }
}

impl SealShare for RecoverySealer {
    type Sealed = SealedFile;
    type Error = SealError;

    fn seal(
        &mut self,
        binding: &ShareBinding,
        plaintext: SecretBytes,
    ) -> Result<SealedFile, SealError> {
        let new = NewSeal::new(binding, &plaintext)?;
        let needed = u16::from(self.needed);
        let values = shamir::split(new.data_key(), self.needed, self.total)?;
        let lids = self
            .officers
            .iter()
            .zip(&values)
            .zip(1_u8..)
            .map(|((opener, value), piece)| {
                new.lid(SealKind::Recovery, needed, piece, opener, value)
            })
            .collect::<Result<_, _>>()?;
        new.finish(Seal::Recovery { needed, lids }, &plaintext)
    }
}

/// One officer's piece of a data key, opened. Alone it says nothing about the key. Wiped on drop.
pub struct Piece {
    file: [u8; 32],
    number: u8,
    value: Value,
}

#[cfg(test)]
impl Piece {
    /// Changes one byte, as a lying sealer could.
    pub(super) fn spoil(&mut self, place: usize) {
        self.value[place] ^= 1;
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// Opens one officer's piece. `agree` asks the officer's YubiKey for the ECDH of slot 82 with the key
/// it is given: [`crate::cards::Cards::agree`].
pub fn open_piece(
    file: &SealedFile,
    binding: &ShareBinding,
    officer: &PublicKey,
    agree: impl FnOnce(&PublicKey) -> Result<SharedSecret, CardError>,
) -> Result<Piece, OpenError> {
    file.expect(SealKind::Recovery, binding)?;
    let lid = file.lid(officer)?;
    let agreed = agree(lid.ephemeral())?;
    let value = file.open_lid(lid, &agreed)?;
    Ok(Piece {
        file: file.sha256(),
        number: lid.piece,
        value,
    })
}

/// Puts the pieces together and opens the share. At least k different pieces of this very file; a
/// wrong one is noticed, not used.
pub fn combine(
    file: &SealedFile,
    binding: &ShareBinding,
    pieces: Vec<Piece>,
) -> Result<SecretBytes, OpenError> {
    check_pieces(file, binding, &pieces)?;
    join(file, &pieces)
}

/// Opens the share by sets of exactly k pieces that together use every piece given: how a new seat
/// proves that each of its pieces works.
pub fn combine_each(
    file: &SealedFile,
    binding: &ShareBinding,
    pieces: Vec<Piece>,
) -> Result<Vec<SecretBytes>, OpenError> {
    check_pieces(file, binding, &pieces)?;
    pieces
        .windows(usize::from(file.openers_needed()))
        .map(|set| join(file, set))
        .collect()
}

fn join(file: &SealedFile, pieces: &[Piece]) -> Result<SecretBytes, OpenError> {
    let points: Vec<(u8, &Value)> = pieces
        .iter()
        .map(|piece| (piece.number, &piece.value))
        .collect();
    file.decrypt(&shamir::combine(&points))
}

fn check_pieces(
    file: &SealedFile,
    binding: &ShareBinding,
    pieces: &[Piece],
) -> Result<(), OpenError> {
    file.expect(SealKind::Recovery, binding)?;
    let id = file.sha256();
    if pieces.iter().any(|piece| piece.file != id) {
        return Err(OpenError::ForeignPiece);
    }
    let numbers: BTreeSet<u8> = pieces.iter().map(|piece| piece.number).collect();
    if numbers.len() != pieces.len() {
        return Err(OpenError::PieceTwice);
    }
    let needed = file.openers_needed();
    if pieces.len() < usize::from(needed) {
        return Err(OpenError::TooFewPieces {
            needed,
            given: pieces.len(),
        });
    }
    Ok(())
}
