//! GENERAL AUTHENTICATE with a slot's key: sign a digest, or agree on a key.

use super::{
    apdu::{Answer, Status, Tlvs, tlv},
    card::{Card, Cut},
    memory::Key,
    sensor::{PullOn, Touch},
};
use p256_card::{
    PublicKey,
    ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner as _},
};
use std::time::{Duration, Instant};

const ECC_P256: u8 = 0x11;
const MANAGEMENT_SLOT: u8 = 0x9B;
const DIGEST: u8 = 0x81;
const PEER: u8 = 0x85;

const PIN_NEVER: u8 = 1;
const PIN_ALWAYS: u8 = 3;
const TOUCH_ALWAYS: u8 = 2;
const TOUCH_CACHED: u8 = 3;
/// How long a touch counts with policy "cached".
const TOUCH_CACHE: Duration = Duration::from_secs(15);

impl Card {
    pub(super) fn general_authenticate(
        &mut self,
        algorithm: u8,
        slot: u8,
        data: &[u8],
        pin_fresh: bool,
    ) -> Answer {
        let outer = Tlvs::parse(data)?;
        let template = Tlvs::parse(outer.need(0x7C)?)?;
        if slot == MANAGEMENT_SLOT {
            return self.authenticate_host(algorithm, &template);
        }
        let key = self
            .memory
            .keys
            .get(&slot)
            .ok_or(Status::REFERENCE_NOT_FOUND)?;
        if algorithm != ECC_P256 {
            return Err(Status::WRONG_PARAMETERS);
        }
        let (pin_policy, touch_policy) = (key.pin_policy, key.touch_policy);
        let pin_given = match pin_policy {
            PIN_NEVER => true,
            PIN_ALWAYS => self.session.pin_verified && pin_fresh,
            _ => self.session.pin_verified,
        };
        if !pin_given {
            return Err(Status::SECURITY_NOT_SATISFIED);
        }
        self.need_touch(touch_policy)?;
        let key = self
            .memory
            .keys
            .get(&slot)
            .ok_or(Status::REFERENCE_NOT_FOUND)?;
        let result = match template.get(PEER) {
            Some(peer) => agree(key, peer)?,
            None => sign(key, template.need(DIGEST)?)?,
        };
        if self.sensor.take_pull(PullOn::BeforeAnswer) {
            self.cut = Cut::BeforeAnswer;
        }
        Ok(tlv(&[0x7C], &tlv(&[0x82], &result)))
    }

    fn need_touch(&mut self, policy: u8) -> Result<(), Status> {
        let touched_lately = self
            .session
            .touched_at
            .is_some_and(|at| at.elapsed() <= TOUCH_CACHE);
        let needed = policy == TOUCH_ALWAYS || (policy == TOUCH_CACHED && !touched_lately);
        if !needed {
            return Ok(());
        }
        match self.sensor.wait_for_touch() {
            Touch::Touched => {
                self.session.touched_at = Some(Instant::now());
                Ok(())
            }
            Touch::TimedOut => Err(Status::SECURITY_NOT_SATISFIED),
            Touch::Pulled => {
                self.cut = Cut::BeforeAnswer;
                Err(Status::SECURITY_NOT_SATISFIED)
            }
        }
    }
}

fn sign(key: &Key, digest: &[u8]) -> Answer {
    let padding = 32_usize
        .checked_sub(digest.len())
        .ok_or(Status::WRONG_DATA)?;
    let mut padded = vec![0; padding];
    padded.extend(digest);
    let signature: Signature = SigningKey::from(&key.secret)
        .sign_prehash(&padded)
        .map_err(|_| Status::INTERNAL)?;
    Ok(signature.to_der().as_bytes().to_vec())
}

fn agree(key: &Key, peer: &[u8]) -> Answer {
    let peer = PublicKey::from_sec1_bytes(peer).map_err(|_| Status::WRONG_DATA)?;
    let shared = p256_card::ecdh::diffie_hellman(key.secret.to_nonzero_scalar(), peer.as_affine());
    Ok(shared.raw_secret_bytes().to_vec())
}
