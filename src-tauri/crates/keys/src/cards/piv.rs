//! The PIV commands that are used (NIST SP 800-73-4, and Yubico's additions), on a held card.

use domain::{PublicKey, Signature};

use super::apdu::{Command, Status, find, tlv};
use super::hold::Session;
use super::{CardError, Firmware, PinStatus, Setting, Slot};
use crate::hpke::SharedSecret;
use crate::pin::Pin;

/// The step in which a private key is used and a touch is waited for.
pub(super) const USE: &str = "use its key";

const SELECT: u8 = 0xA4;
const VERIFY: u8 = 0x20;
const GENERAL_AUTHENTICATE: u8 = 0x87;
const GET_METADATA: u8 = 0xF7;
const GET_SERIAL: u8 = 0xF8;
const GET_VERSION: u8 = 0xFD;

const PIV_APPLET: &[u8] = &[0xA0, 0x00, 0x00, 0x03, 0x08];
const ECC_P256: u8 = 0x11;
const PIN: u8 = 0x80;
const PUK: u8 = 0x81;
const MANAGEMENT_KEY: u8 = 0x9B;

/// Metadata came with this firmware.
const METADATA_SINCE: Firmware = Firmware([5, 3, 0]);

/// How a key came into its slot, and what its use asks for; in the card's own numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotContent {
    /// The public key.
    pub key: PublicKey,
    /// Made on the card or brought there.
    pub origin: u8,
    /// PIN and touch policy.
    pub policy: [u8; 2],
}

/// Selects the PIV applet and makes sure that this is the key that is wanted, and that it can say
/// what is needed.
pub fn begin(session: &Session<'_>) -> Result<Firmware, CardError> {
    let serial = session.serial;
    let (found, firmware) = identify(session)?;
    if found != serial {
        return Err(CardError::NotPresent {
            serial,
            present: vec![found],
        });
    }
    if firmware < METADATA_SINCE {
        return Err(CardError::TooOld { serial, firmware });
    }
    Ok(firmware)
}

/// Selects the PIV applet; gives the serial and the firmware.
pub fn identify(session: &Session<'_>) -> Result<(u32, Firmware), CardError> {
    let step = "say who it is";
    data(session, step, &Command::new(SELECT, 0x04, 0x00, PIV_APPLET))?;
    let version = data(session, step, &Command::new(GET_VERSION, 0, 0, &[]))?;
    let serial = data(session, step, &Command::new(GET_SERIAL, 0, 0, &[]))?;
    let malformed = || session.unexpected(step, "a malformed answer");
    let serial = <[u8; 4]>::try_from(serial.as_slice()).map_err(|_| malformed())?;
    let version = <[u8; 3]>::try_from(version.as_slice()).map_err(|_| malformed())?;
    Ok((u32::from_be_bytes(serial), Firmware(version)))
}

/// What is in a slot; `None` when it is empty.
pub fn slot(session: &Session<'_>, slot: Slot) -> Result<Option<SlotContent>, CardError> {
    let step = "say what is in a slot";
    let answer = session.send(step, &Command::new(GET_METADATA, 0, slot.number(), &[]))?;
    match answer.status {
        Status::OK => {}
        Status::REFERENCE_NOT_FOUND | Status::NOT_FOUND => return Ok(None),
        other => return Err(session.refused(step, other)),
    }
    let parsed = (|| {
        let point = find(find(&answer.data, 0x04)?, 0x86)?;
        let [origin] = <[u8; 1]>::try_from(find(&answer.data, 0x03)?).ok()?;
        let policy = <[u8; 2]>::try_from(find(&answer.data, 0x02)?).ok()?;
        Some(SlotContent {
            key: PublicKey::from_sec1(point).ok()?,
            origin,
            policy,
        })
    })();
    // A key of another algorithm is another key than the one that is looked for.
    parsed.map(Some).ok_or(CardError::WrongCard {
        serial: session.serial,
        slot,
    })
}

/// Makes sure that the slot holds the enrolled key, before any PIN is sent.
pub fn expect_key(
    session: &Session<'_>,
    wanted: Slot,
    expected: &PublicKey,
) -> Result<(), CardError> {
    let serial = session.serial;
    match slot(session, wanted)? {
        Some(content) if content.key == *expected => Ok(()),
        Some(_) => Err(CardError::WrongCard {
            serial,
            slot: wanted,
        }),
        None => Err(CardError::EmptySlot {
            serial,
            slot: wanted,
        }),
    }
}

/// Tries left, and what is still the factory's: from metadata, nothing is tried.
pub fn pin_status(session: &Session<'_>) -> Result<PinStatus, CardError> {
    let (pin, [tries_total, tries_left]) = reference(session, PIN)?;
    let (puk, [_, puk_tries_left]) = reference(session, PUK)?;
    let management = metadata(session, MANAGEMENT_KEY)?;
    Ok(PinStatus {
        tries_left,
        tries_total,
        puk_tries_left,
        pin,
        puk,
        management_key: setting(session, &management)?,
    })
}

fn reference(session: &Session<'_>, number: u8) -> Result<(Setting, [u8; 2]), CardError> {
    let answer = metadata(session, number)?;
    let tries = find(&answer, 0x06).and_then(|tries| <[u8; 2]>::try_from(tries).ok());
    let tries = tries.ok_or_else(|| session.unexpected(ASK_PIN, "no count of tries"))?;
    Ok((setting(session, &answer)?, tries))
}

const ASK_PIN: &str = "say how its PIN is";

/// Metadata of the PIN, the PUK or the management key.
pub fn metadata(
    session: &Session<'_>,
    number: u8,
) -> Result<zeroize::Zeroizing<Vec<u8>>, CardError> {
    data(
        session,
        ASK_PIN,
        &Command::new(GET_METADATA, 0, number, &[]),
    )
}

fn setting(session: &Session<'_>, metadata: &[u8]) -> Result<Setting, CardError> {
    match find(metadata, 0x05) {
        Some([0]) => Ok(Setting::Own),
        Some([1]) => Ok(Setting::Factory),
        Some(_) | None => Err(session.unexpected(ASK_PIN, "not whether it is the factory's")),
    }
}

/// Gives the PIN to the card. The very next command must be the use.
pub fn verify(session: &Session<'_>, pin: &Pin) -> Result<(), CardError> {
    let serial = session.serial;
    let step = "check its PIN";
    let answer = session.send(step, &Command::new(VERIFY, 0, PIN, pin.padded()))?;
    match (answer.status, answer.status.tries_left()) {
        (Status::OK, _) => Ok(()),
        (Status::BLOCKED, _) | (_, Some(0)) => Err(CardError::PinBlocked { serial }),
        (_, Some(tries_left)) => Err(CardError::WrongPin { serial, tries_left }),
        (other, None) => Err(session.refused(step, other)),
    }
}

/// Signs a digest; the signature is checked before anybody sees it.
pub fn sign(
    session: &Session<'_>,
    slot: Slot,
    key: &PublicKey,
    digest: &[u8; 32],
) -> Result<Signature, CardError> {
    const DIGEST: u8 = 0x81;
    let der = use_key(session, slot, DIGEST, digest)?;
    let bad = |_| CardError::BadSignature {
        serial: session.serial,
    };
    let signature = Signature::from_card(&der).map_err(bad)?;
    key.verify(digest, &signature).map_err(bad)?;
    Ok(signature)
}

/// ECDH with a peer's key.
pub fn agree(
    session: &Session<'_>,
    slot: Slot,
    peer: &PublicKey,
) -> Result<SharedSecret, CardError> {
    const PEER: u8 = 0x85;
    let point = peer
        .to_uncompressed()
        .map_err(|e| session.unexpected(USE, &e.to_string()))?;
    let x = use_key(session, slot, PEER, &point)?;
    SharedSecret::from_card(&x).ok_or_else(|| session.unexpected(USE, "a secret of another length"))
}

fn use_key(
    session: &Session<'_>,
    slot: Slot,
    tag: u8,
    input: &[u8],
) -> Result<zeroize::Zeroizing<Vec<u8>>, CardError> {
    const TEMPLATE: u8 = 0x7C;
    const RESULT: u8 = 0x82;
    let body = tlv(
        &[TEMPLATE],
        &[tlv(&[RESULT], &[]).as_slice(), &tlv(&[tag], input)].concat(),
    );
    let command = Command::new(GENERAL_AUTHENTICATE, ECC_P256, slot.number(), &body);
    let answer = session.send(USE, &command)?;
    match answer.status {
        Status::OK => {}
        // The PIN was good a moment ago and nobody else can have come in between: it is the touch.
        Status::SECURITY_NOT_SATISFIED => {
            return Err(CardError::NoTouch {
                serial: session.serial,
            });
        }
        other => return Err(session.refused(USE, other)),
    }
    let result = find(&answer.data, TEMPLATE).and_then(|template| find(template, RESULT));
    let result = result.ok_or_else(|| session.unexpected(USE, "a malformed answer"))?;
    Ok(zeroize::Zeroizing::new(result.to_vec()))
}

/// Sends a command that must succeed.
pub fn data(
    session: &Session<'_>,
    step: &'static str,
    command: &Command,
) -> Result<zeroize::Zeroizing<Vec<u8>>, CardError> {
    let answer = session.send(step, command)?;
    match answer.status {
        Status::OK => Ok(answer.data),
        other => Err(session.refused(step, other)),
    }
}
