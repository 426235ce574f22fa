//! The desk of a real machine: YubiKeys in its readers.

use domain::{Officer, PublicKey, Signature};
use keys::hpke::SharedSecret;
use keys::{Cards, Pin, PinStatus};

use crate::desk::{Desk, DeskError, Purpose};

/// How the person in front of the machine is spoken to.
pub trait Prompt: Send {
    /// Asks for an officer's PIN, after saying for what and how many tries are left.
    fn pin(
        &mut self,
        officer: &Officer,
        purpose: &Purpose,
        status: &PinStatus,
    ) -> Result<Pin, DeskError>;

    /// Says that the key blinks and waits for a touch.
    fn touch(&mut self, officer: &Officer, purpose: &Purpose);
}

/// Officers' YubiKeys, found by serial. Each use is one transaction with a key.
pub struct YubiKeys<P> {
    cards: Cards,
    prompt: P,
}

impl<P: Prompt> YubiKeys<P> {
    /// Over the machine's card service.
    pub const fn new(cards: Cards, prompt: P) -> Self {
        Self { cards, prompt }
    }

    /// The cards.
    pub const fn cards(&self) -> &Cards {
        &self.cards
    }

    fn ask(&mut self, officer: &Officer, purpose: &Purpose) -> Result<Pin, DeskError> {
        let status = self.cards.pin_status(officer.serial)?;
        let pin = self.prompt.pin(officer, purpose, &status)?;
        self.prompt.touch(officer, purpose);
        Ok(pin)
    }
}

impl<P: Prompt> Desk for YubiKeys<P> {
    fn sign(
        &mut self,
        officer: &Officer,
        purpose: &Purpose,
        digest: &[u8; 32],
    ) -> Result<Signature, DeskError> {
        let pin = self.ask(officer, purpose)?;
        Ok(self
            .cards
            .sign(officer.serial, &officer.sign, &pin, digest)?)
    }

    fn sign_freeze(
        &mut self,
        officer: &Officer,
        purpose: &Purpose,
        digest: &[u8; 32],
    ) -> Result<Signature, DeskError> {
        self.prompt.touch(officer, purpose);
        Ok(self
            .cards
            .sign_freeze(officer.serial, &officer.freeze, digest)?)
    }

    fn agree(
        &mut self,
        officer: &Officer,
        purpose: &Purpose,
        sender: &PublicKey,
    ) -> Result<SharedSecret, DeskError> {
        let pin = self.ask(officer, purpose)?;
        Ok(self
            .cards
            .agree(officer.serial, &officer.open, &pin, sender)?)
    }
}
