//! Virtual YubiKeys made officers'.

use std::time::Duration;

use domain::{Name, Note, Officer, PublicKey};
use keys::attestation::TrustAnchors;
use keys::enrol::{self, Enrolment, ExistingKeys};
use keys::{Cards, Pin, Puk};
use testkit::room::{Card, CardOptions, Exclusive, Room};

pub use testkit::typed::{NEW_PIN, NEW_PUK, PIN, PUK};

pub const SOON: Duration = Duration::from_secs(10);

/// What is signed.
pub const DIGEST: [u8; 32] = [7; 32];
/// Any point on the curve.
pub fn peer() -> PublicKey {
    let secret = p256::SecretKey::from_slice(&[5; 32]).unwrap();
    PublicKey::from_sec1(&secret.public_key().to_sec1_bytes()).unwrap()
}

pub fn pin(text: &str) -> Pin {
    Pin::new(text.to_owned()).unwrap()
}

pub fn puk(text: &str) -> Puk {
    Puk::new(text.to_owned()).unwrap()
}

/// A room for one test, and the cards in it.
pub struct Table {
    pub room: Room,
    pub cards: Cards,
    _alone: Exclusive,
}

impl Table {
    pub fn new() -> Self {
        let room = Room::from_env().unwrap();
        let alone = room.exclusive().unwrap();
        Self {
            cards: Cards::connect().unwrap(),
            room,
            _alone: alone,
        }
    }

    /// A card fresh from the factory, plugged in.
    pub fn fresh(&self, options: &CardOptions) -> Card {
        self.room.plugged(options).unwrap()
    }

    /// A card with PIN, PUK and management key of its own.
    pub fn prepared(&self, options: &CardOptions) -> Card {
        let card = self.fresh(options);
        let serial = card.serial();
        enrol::change_pin(&self.cards, serial, &pin("123456"), &pin(PIN)).unwrap();
        enrol::change_puk(&self.cards, serial, &puk("12345678"), &puk(PUK)).unwrap();
        enrol::protect_management_key(&self.cards, serial, &pin(PIN)).unwrap();
        card
    }

    pub fn enrolled(&self, options: &CardOptions) -> (Card, Enrolment) {
        let card = self.prepared(options);
        let enrolment =
            enrol::enrol(&self.cards, card.serial(), &pin(PIN), ExistingKeys::Refuse).unwrap();
        (card, enrolment)
    }

    /// An enrolled card and its officer.
    pub fn officer(&self, name: &str) -> (Card, Officer) {
        let (card, enrolment) = self.enrolled(&CardOptions::default());
        let name = Name::new(name).unwrap();
        (
            card,
            enrolment
                .officer(name, None, &self.anchors("test"))
                .unwrap(),
        )
    }

    /// Waits until a card that was pulled is seen to be gone. The card service looks every 0.4 s; put
    /// back sooner, the card would be taken for one that never left, which a failed reset made absent.
    pub fn wait_gone(&self, card: &Card) {
        assert!(card.wait_pulled(SOON).unwrap());
        std::thread::sleep(Duration::from_millis(1200));
    }

    pub fn anchors(&self, root: &str) -> TrustAnchors {
        let certificate = self.room.root_certificate(root).unwrap();
        let between = self.room.intermediate_certificates(root).unwrap();
        TrustAnchors::from_roots(vec![certificate])
            .unwrap()
            .with_intermediates(between)
            .unwrap()
    }
}

pub fn note(text: &str) -> Note {
    Note::new(text).unwrap()
}
