//! Making the three keys and reading what the card attests about them, on a held card.

use domain::PublicKey;

use super::management::{authenticate_with_kept, get};
use super::{Certificates, EnrolError, Enrolment, ExistingKeys};
use crate::cards::{
    self, CardError, Command, Firmware, Session, Setting, Slot, Status, data, find, tlv,
};
use crate::pin::Pin;

const GENERATE: u8 = 0x47;
const ATTEST: u8 = 0xF9;
const ECC_P256: u8 = 0x11;
const GENERATED_ON_CARD: u8 = 1;
/// Where the certificate of slot f9 is.
const ATTESTATION_CERTIFICATE: &[u8] = &[0x5F, 0xFF, 0x01];

pub(super) fn enrol(
    session: &Session<'_>,
    firmware: Firmware,
    pin: &Pin,
    existing: ExistingKeys,
) -> Result<Enrolment, EnrolError> {
    let serial = session.serial;
    refuse_factory_codes(session)?;
    let slots = occupied(session)?;
    match existing {
        ExistingKeys::Refuse if !slots.is_empty() => {
            return Err(EnrolError::Occupied { serial, slots });
        }
        ExistingKeys::Refuse | ExistingKeys::ReplaceForGood => {}
    }
    cards::verify(session, pin)?;
    authenticate_with_kept(session)?;
    for slot in Slot::ALL {
        generate(session, slot)?;
    }
    read(session, firmware)
}

/// Says which code still is the factory's; none is tried.
pub(super) fn refuse_factory_codes(session: &Session<'_>) -> Result<(), EnrolError> {
    let serial = session.serial;
    let codes = cards::pin_status(session)?;
    match (codes.pin, codes.puk, codes.management_key) {
        (Setting::Factory, _, _) => Err(EnrolError::FactoryPin { serial }),
        (_, Setting::Factory, _) => Err(EnrolError::FactoryPuk { serial }),
        (_, _, Setting::Factory) => Err(EnrolError::FactoryManagementKey { serial }),
        (Setting::Own, Setting::Own, Setting::Own) => Ok(()),
    }
}

/// Slots of ours with a key in them, whatever it is.
pub(super) fn occupied(session: &Session<'_>) -> Result<Vec<Slot>, CardError> {
    let mut slots = Vec::new();
    for slot in Slot::ALL {
        match cards::slot(session, slot) {
            Ok(None) => {}
            Ok(Some(_)) | Err(CardError::WrongCard { .. }) => slots.push(slot),
            Err(other) => return Err(other),
        }
    }
    Ok(slots)
}

/// Reads the three public keys and their attestations.
pub(super) fn read(session: &Session<'_>, firmware: Firmware) -> Result<Enrolment, EnrolError> {
    let (sign, sign_certificate) = attested(session, Slot::Sign)?;
    let (freeze, freeze_certificate) = attested(session, Slot::Freeze)?;
    let (open, open_certificate) = attested(session, Slot::Open)?;
    let object = get(session, ATTESTATION_CERTIFICATE)?;
    let device = find(&object, 0x53).and_then(|object| find(object, 0x70));
    let device = device
        .ok_or_else(|| session.unexpected("read data", "no attestation certificate"))?
        .to_vec();
    Ok(Enrolment {
        serial: session.serial,
        firmware,
        sign,
        freeze,
        open,
        certificates: Certificates {
            sign: sign_certificate,
            freeze: freeze_certificate,
            open: open_certificate,
            device,
        },
    })
}

/// A new key on the card; the one that was there is gone.
fn generate(session: &Session<'_>, slot: Slot) -> Result<(), CardError> {
    let step = "make a key";
    let [pin, touch] = slot.policy();
    let parts = [
        tlv(&[0x80], &[ECC_P256]),
        tlv(&[0xAA], &[pin]),
        tlv(&[0xAB], &[touch]),
    ];
    let body = tlv(
        &[0xAC],
        &parts
            .iter()
            .flat_map(|part| part.iter().copied())
            .collect::<Vec<_>>(),
    );
    let answer = data(
        session,
        step,
        &Command::new(GENERATE, 0, slot.number(), &body),
    )?;
    let point = answer
        .strip_prefix(&[0x7F])
        .and_then(|a| find(a, 0x49))
        .and_then(|a| find(a, 0x86));
    let made = point.and_then(|point| PublicKey::from_sec1(point).ok());
    let made = made.ok_or_else(|| session.unexpected(step, "no public key"))?;
    match cards::slot(session, slot)? {
        Some(content) if content.key == made && content.policy == slot.policy() => Ok(()),
        Some(_) | None => Err(session.unexpected(step, "another key than it made")),
    }
}

fn attested(session: &Session<'_>, slot: Slot) -> Result<(PublicKey, Vec<u8>), EnrolError> {
    let serial = session.serial;
    let content = cards::slot(session, slot)?.ok_or(CardError::EmptySlot { serial, slot })?;
    if content.origin != GENERATED_ON_CARD {
        return Err(EnrolError::Imported { serial, slot });
    }
    let answer = session.send("attest a key", &Command::new(ATTEST, slot.number(), 0, &[]))?;
    match answer.status {
        Status::OK => Ok((content.key, answer.data.to_vec())),
        Status(word) => Err(EnrolError::NoAttestation {
            serial,
            slot,
            answer: format!("status {word:04x}"),
        }),
    }
}
