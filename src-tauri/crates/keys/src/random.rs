//! Random bytes of the operating system.

use zeroize::Zeroizing;

/// The operating system gives no randomness: nothing secret can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the operating system gives no random numbers, so no secret can be made: nothing was sealed or changed"
)]
pub struct RandomError;

/// So many random bytes, wiped on drop.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, RandomError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| RandomError)?;
    Ok(bytes)
}
