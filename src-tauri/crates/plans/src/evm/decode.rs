//! An unsigned EIP-1559 transaction becomes its nine fields, or is refused: one form only.
//!
//! The reader is ours on purpose: a seat that decoded with the builder's library would share its
//! mistakes. The encoding is RLP (yellow paper, appendix B), read strictly: shortest lengths, no leading
//! zeros, nothing after the end.

use domain::U256;

use super::mismatch::EvmMismatch;

/// EIP-2718's type byte of an EIP-1559 transaction.
const TYPE: u8 = 2;

/// Nothing that is signed here is longer: nine fields and 68 bytes of calldata.
const MAX_BYTES: usize = 512;

/// The fees of a transaction, in wei for each gas (EIP-1559).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvmFees {
    /// The most that is paid for each gas, base fee and tip together.
    pub max_fee_per_gas: u128,
    /// The most that goes to whoever builds the block.
    pub max_priority_fee_per_gas: u128,
}

impl EvmFees {
    /// Whether nodes take a transaction with these fees in place of one with `earlier`: both are at
    /// least a tenth higher.
    pub const fn replaces(&self, earlier: &EvmFees) -> bool {
        tenth_more(self.max_fee_per_gas, earlier.max_fee_per_gas)
            && tenth_more(
                self.max_priority_fee_per_gas,
                earlier.max_priority_fee_per_gas,
            )
    }
}

const fn tenth_more(new: u128, old: u128) -> bool {
    // Fees are below MAX_GAS_PRICE, far from overflow; where they were not, it is no replacement.
    match (new.checked_mul(10), old.checked_mul(11)) {
        (Some(new), Some(old)) => new >= old,
        (_, _) => false,
    }
}

/// The fields of an EIP-1559 transaction with an empty access list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvmTransaction {
    /// The chain it is bound to.
    pub chain_id: u64,
    /// The account's nonce.
    pub nonce: u64,
    /// What each gas may cost.
    pub fees: EvmFees,
    /// The most gas it may use.
    pub gas_limit: u64,
    /// Whom it calls or pays.
    pub to: [u8; 20],
    /// Wei that are moved.
    pub value: U256,
    /// The calldata.
    pub data: Vec<u8>,
}

/// Decodes an unsigned transaction, all of its bytes and nothing else.
pub fn decode_evm(bytes: &[u8]) -> Result<EvmTransaction, EvmMismatch> {
    if bytes.len() > MAX_BYTES {
        return Err(EvmMismatch::TooLong(bytes.len()));
    }
    let fields = match bytes.split_first() {
        Some((&TYPE, rest)) => rest,
        // A legacy transaction begins with a list.
        Some((&first, _)) if first >= 0xc0 => return Err(EvmMismatch::Legacy),
        Some((&other, _)) => return Err(EvmMismatch::Type(other)),
        None => return Err(EvmMismatch::Undecodable("it is empty")),
    };
    let mut outer = Reader(fields);
    let mut list = outer.list()?;
    outer.end()?;
    let transaction = EvmTransaction {
        chain_id: list.number()?,
        nonce: list.number()?,
        fees: {
            let max_priority_fee_per_gas = list.large()?;
            let max_fee_per_gas = list.large()?;
            EvmFees {
                max_fee_per_gas,
                max_priority_fee_per_gas,
            }
        },
        gas_limit: list.number()?,
        to: list.address()?,
        value: list.quantity()?,
        data: list.text()?.to_vec(),
    };
    let accesses = list.list()?;
    if !accesses.0.is_empty() {
        return Err(EvmMismatch::AccessList);
    }
    list.end()?;
    Ok(transaction)
}

/// What is left to read of a list.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn end(&self) -> Result<(), EvmMismatch> {
        match self.0.len() {
            0 => Ok(()),
            more => Err(EvmMismatch::TrailingBytes(more)),
        }
    }

    /// Takes `count` bytes.
    fn take(&mut self, count: usize) -> Result<&'a [u8], EvmMismatch> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(EvmMismatch::Undecodable("it ends in the middle of a field"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn first(&mut self) -> Result<u8, EvmMismatch> {
        let taken = self.take(1)?;
        taken
            .first()
            .copied()
            .ok_or(EvmMismatch::Undecodable("it ends in the middle of a field"))
    }

    /// A text of bytes.
    fn text(&mut self) -> Result<&'a [u8], EvmMismatch> {
        let whole = self.0;
        let first = self.first()?;
        match first {
            0x00..=0x7f => whole
                .get(..1)
                .ok_or(EvmMismatch::Undecodable("it ends in the middle of a field")),
            0x80..=0xb7 => {
                let bytes = self.take(usize::from(first.saturating_sub(0x80)))?;
                match bytes {
                    [single] if *single < 0x80 => Err(EvmMismatch::NotCanonical),
                    bytes => Ok(bytes),
                }
            }
            0xb8..=0xbf => {
                let length = self.length(first.saturating_sub(0xb7))?;
                self.take(length)
            }
            0xc0..=0xff => Err(EvmMismatch::Undecodable(
                "a list stands where a value belongs",
            )),
        }
    }

    /// A list, to be read on its own.
    fn list(&mut self) -> Result<Reader<'a>, EvmMismatch> {
        let first = self.first()?;
        let length = match first {
            0xc0..=0xf7 => usize::from(first.saturating_sub(0xc0)),
            0xf8..=0xff => self.length(first.saturating_sub(0xf7))?,
            0x00..=0xbf => {
                return Err(EvmMismatch::Undecodable(
                    "a value stands where a list belongs",
                ));
            }
        };
        self.take(length).map(Reader)
    }

    /// The length of something longer than 55 bytes: no leading zero, and not to be said shorter.
    fn length(&mut self, bytes: u8) -> Result<usize, EvmMismatch> {
        let digits = self.take(usize::from(bytes))?;
        let number = unsigned(digits)?;
        let length = usize::try_from(number).map_err(|_| EvmMismatch::NotCanonical)?;
        if length <= 55 {
            return Err(EvmMismatch::NotCanonical);
        }
        Ok(length)
    }

    fn quantity(&mut self) -> Result<U256, EvmMismatch> {
        unsigned(self.text()?)
    }

    fn number(&mut self) -> Result<u64, EvmMismatch> {
        u64::try_from(self.quantity()?)
            .map_err(|_| EvmMismatch::Undecodable("a number is too large"))
    }

    fn large(&mut self) -> Result<u128, EvmMismatch> {
        u128::try_from(self.quantity()?)
            .map_err(|_| EvmMismatch::Undecodable("a number is too large"))
    }

    fn address(&mut self) -> Result<[u8; 20], EvmMismatch> {
        match self.text()? {
            [] => Err(EvmMismatch::Creation),
            bytes => bytes
                .try_into()
                .map_err(|_| EvmMismatch::Undecodable("an address has 20 bytes")),
        }
    }
}

/// A number in as few big-endian bytes as it has.
fn unsigned(bytes: &[u8]) -> Result<U256, EvmMismatch> {
    if bytes.first() == Some(&0) {
        return Err(EvmMismatch::NotCanonical);
    }
    U256::try_from_be_slice(bytes).ok_or(EvmMismatch::Undecodable("a number is too large"))
}
