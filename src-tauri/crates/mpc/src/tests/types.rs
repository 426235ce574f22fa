//! What the compiler must refuse: secrets that can be copied, serialised or shown, and tokens that
//! can be had otherwise than earned. (What can't be forged or used twice is shown by the
//! `compile_fail` examples in the documentation of the types.)

use std::fmt::Display;

use domain::seal::SecretBytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::acceptance::{Acceptance, Trial, TrialShare};
use crate::keygen::Keygen;
use crate::signing::Signing;
use crate::{FreshShare, KeyShare, Outgoing};

/// Does not compile when `$type` has `$trait`: two impls would then fit, and none can be chosen.
macro_rules! lacks {
    ($type:ty: $($trait:path),+) => {$({
        trait Ambiguous<A> {
            fn chosen() {}
        }
        impl<T: ?Sized> Ambiguous<()> for T {}
        struct Has;
        impl<T: ?Sized + $trait> Ambiguous<Has> for T {}
        <$type as Ambiguous<_>>::chosen();
    })+};
}

#[test]
fn secrets_can_not_be_copied_serialised_or_shown() {
    lacks!(KeyShare: Clone, Serialize, DeserializeOwned, Display, Default, PartialEq);
    lacks!(FreshShare: Clone, Serialize, DeserializeOwned, Display, Default, PartialEq);
    lacks!(TrialShare<'static>: Clone, Serialize, DeserializeOwned, Display, Default, PartialEq);
    lacks!(Trial: Clone, Serialize, DeserializeOwned, Display, Default);
    lacks!(crate::dkls::Root: Clone, Serialize, DeserializeOwned, Display, Default, PartialEq);
    lacks!(SecretBytes: Clone, Serialize, Display);
    lacks!(Outgoing: Clone, Serialize, Display);
}

#[test]
fn sessions_hold_nonces_and_can_not_be_copied_or_stored() {
    lacks!(Keygen: Clone, Serialize, DeserializeOwned, Display);
    lacks!(Signing: Clone, Serialize, DeserializeOwned, Display);
    lacks!(Acceptance: Clone, Serialize, DeserializeOwned, Display);
    lacks!(crate::quorum::Nonces: Clone, Copy, Serialize, DeserializeOwned, Display);
}

#[test]
fn the_right_to_sign_can_not_be_copied_or_stored() {
    lacks!(plans::SigningOrder: Clone, Serialize, DeserializeOwned, Default);
    lacks!(plans::SignedPlan: Clone, Serialize, DeserializeOwned, Default);
}

#[test]
fn sessions_can_move_to_a_task() {
    fn sends<T: Send + 'static>() {}
    sends::<Keygen>();
    sends::<Signing>();
    sends::<Acceptance>();
    sends::<KeyShare>();
}
