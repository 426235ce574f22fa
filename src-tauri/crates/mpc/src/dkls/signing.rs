//! The rounds of a quorum's ECDSA signatures (protocol 3.6 of DKLs23), one type each.
//!
//! 1. **Open.** The hash of the digests that this seat computed, and a random number: the library's
//!    signing id is made of all of them.
//! 2. **Commit.** To each seat alone: the hash of everything opened, the commitment to this seat's
//!    part of the nonce, and the oblivious transfers.
//! 3. **Multiply.** To each seat alone, the opened commitment and the products.
//! 4. **Sign.** A share of each signature. Every seat puts the signatures together and verifies
//!    them with libsecp256k1.
//!
//! Several digests are signed side by side in the same rounds. What is kept between rounds is
//! consumed by the next one and never stored.

mod rounds;

use bitcoin::secp256k1::Secp256k1;
use plans::InputDigest;
use rand_core::{CryptoRng, RngCore};

use crate::binding::Refused;
use crate::dkls::Root;
use crate::group::Group;
use crate::inbox::Round;
use crate::sharing::HASH;

pub(crate) use rounds::{OPEN, Plan, State};

/// The most digests of one session: so the messages of every round stay below 256 KiB, which is what
/// the relay carries.
pub(crate) const MAX_DIGESTS: usize = 4;

/// Bytes of a digest's commitment and oblivious transfers.
const TRANSFER: usize = 26_753;

/// Bytes of a digest's products.
const PRODUCT: usize = 55_387;

/// Bytes of a share of a signature: two numbers, each after its length.
const SHARE: usize = 66;

/// One job a digest: derives the child keys, and refuses what has none.
pub(crate) fn jobs(
    group: &Group,
    root: &Root,
    digests: &[InputDigest],
) -> Result<Vec<rounds::Job>, Refused> {
    let secp = Secp256k1::verification_only();
    let job = |(place, digest): (usize, &InputDigest)| {
        let child = group.child(&secp, digest.path);
        let child = child.ok_or(Refused::NoChild(place))?;
        Ok(rounds::Job {
            party: root
                .child(digest.path, &child)
                .ok_or(Refused::NoChild(place))?,
            key: child.key,
            digest: digest.sighash,
        })
    };
    digests.iter().enumerate().map(job).collect()
}

/// The first state, and the message that it sends.
pub(crate) fn open<R: RngCore + CryptoRng>(
    plan: Plan,
    jobs: Vec<rounds::Job>,
    rng: &mut R,
) -> (State, Vec<u8>) {
    let mut nonce = [0; HASH];
    rng.fill_bytes(&mut nonce);
    let body = [plan.digests, nonce].concat();
    (State::new(plan, jobs, body.clone()), body)
}

/// The length of each round's message.
pub(crate) fn form(digests: usize) -> Vec<Round> {
    let round = |private, length| Round { private, length };
    vec![
        round(false, 2 * HASH),
        round(true, HASH + digests * TRANSFER),
        round(true, digests * PRODUCT),
        round(false, digests * SHARE),
    ]
}
