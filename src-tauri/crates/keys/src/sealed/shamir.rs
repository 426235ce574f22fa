//! A data key split k-of-m: Shamir's scheme (1979) over GF(2^8), byte by byte, with the AES
//! polynomial x^8 + x^4 + x^3 + x + 1.
//!
//! Any k pieces give the secret, fewer say nothing about it: each coefficient is uniform over the
//! whole field, zero included. Nothing here branches on, or looks a table up by, a secret byte. A
//! wrong set of pieces gives some other key; the caller's check value refuses that. Compared in the
//! tests with the crate `vsss-rs`, which is not used because it leaves its polynomials in memory.

use zeroize::Zeroizing;

use crate::random::{RandomError, random};

/// Length of the secret and of each piece's value.
pub const LENGTH: usize = 32;

/// The polynomials at one x, from 1.
pub type Value = Zeroizing<[u8; LENGTH]>;

/// Splits `secret` into `total` values, of which `needed` give it back; the first is at x = 1.
pub fn split(secret: &[u8; LENGTH], needed: u8, total: u8) -> Result<Vec<Value>, RandomError> {
    let coefficients = (1..needed)
        .map(|_| random())
        .collect::<Result<Vec<_>, _>>()?;
    Ok((1..=total)
        .map(|x| evaluate(secret, &coefficients, x))
        .collect())
}

/// Horner's rule from the highest coefficient down to the secret.
fn evaluate(secret: &[u8; LENGTH], coefficients: &[Value], x: u8) -> Value {
    let start: Value = Zeroizing::new([0; LENGTH]);
    let down = coefficients
        .iter()
        .rev()
        .map(|value| &**value)
        .chain(std::iter::once(secret));
    down.fold(start, |mut sum, coefficient| {
        for (byte, term) in sum.iter_mut().zip(coefficient) {
            *byte = multiply(*byte, x) ^ term;
        }
        sum
    })
}

/// Lagrange's interpolation at 0. The x must be different and none of them 0: the caller has checked
/// that, and the result is only as good as the pieces.
pub fn combine(pieces: &[(u8, &Value)]) -> Value {
    let mut secret: Value = Zeroizing::new([0; LENGTH]);
    for (x, value) in pieces {
        let others = pieces
            .iter()
            .map(|(other, _)| *other)
            .filter(|other| other != x);
        // In this field -a = a, so (0 - x_j) / (x_i - x_j) = x_j / (x_i + x_j).
        let weight = others.fold(1, |product, other| {
            multiply(product, multiply(other, invert(*x ^ other)))
        });
        for (byte, share) in secret.iter_mut().zip(value.iter()) {
            *byte ^= multiply(*share, weight);
        }
    }
    secret
}

/// Multiplication in the field, by shifting; the masks are all ones or all zeroes.
fn multiply(a: u8, b: u8) -> u8 {
    const REDUCTION: u8 = 0x1B;
    let (product, _) = (0..8).fold((0, a), |(product, a), bit| {
        let taken = ((b >> bit) & 1).wrapping_neg();
        let carried = (a >> 7).wrapping_neg();
        (product ^ (a & taken), (a << 1) ^ (REDUCTION & carried))
    });
    product
}

/// a^254, which is 1/a; 0 gives 0 and is asked for by nobody.
fn invert(a: u8) -> u8 {
    let power = (0..6).fold(a, |power, _| multiply(multiply(power, power), a));
    multiply(power, power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use vsss_rs::Gf256;

    #[test]
    fn the_field_is_a_field() {
        assert_eq!(multiply(0x57, 0x83), 0xC1, "FIPS 197, section 4.2");
        assert_eq!(multiply(0x57, 0x13), 0xFE, "FIPS 197, section 4.2.1");
        for a in 0..=255_u8 {
            assert_eq!(multiply(a, invert(a)), u8::from(a != 0), "{a}");
            for b in 0..=255_u8 {
                assert_eq!(multiply(a, b), (Gf256(a) * Gf256(b)).0, "{a} * {b}");
            }
        }
    }

    fn subsets(of: u8, size: usize) -> Vec<Vec<u8>> {
        (0_u32..1 << of)
            .filter(|set| set.count_ones() as usize == size)
            .map(|set| (1..=of).filter(|x| set >> (x - 1) & 1 == 1).collect())
            .collect()
    }

    fn chosen<'a>(values: &'a [Value], xs: &[u8]) -> Vec<(u8, &'a Value)> {
        xs.iter()
            .map(|x| (*x, &values[usize::from(*x) - 1]))
            .collect()
    }

    #[test]
    fn every_k_pieces_give_the_secret_and_fewer_do_not() {
        let secret = random().unwrap();
        for (needed, total) in [(2, 2), (2, 3), (3, 5), (4, 7), (15, 15)] {
            let values = split(&secret, needed, total).unwrap();
            for xs in subsets(total, needed.into()) {
                assert_eq!(combine(&chosen(&values, &xs)), secret, "{xs:?} of {total}");
            }
            if total < 10 {
                for xs in subsets(total, usize::from(needed) - 1) {
                    assert_ne!(combine(&chosen(&values, &xs)), secret, "{xs:?} of {total}");
                }
            }
        }
    }

    #[test]
    fn vsss_rs_reads_our_pieces_and_we_read_its() {
        let secret = random().unwrap();
        let ours = split(&secret, 3, 5).unwrap();
        let for_it: Vec<Vec<u8>> = [1_u8, 3, 4]
            .iter()
            .map(|x| [&[*x], ours[usize::from(*x) - 1].as_slice()].concat())
            .collect();
        assert_eq!(Gf256::combine_array(&for_it).unwrap(), secret.as_slice());

        let its = Gf256::split_array(3, 5, secret.as_slice(), rand_core::OsRng).unwrap();
        let values: Vec<(u8, Value)> = its
            .iter()
            .map(|share| (share[0], Zeroizing::new(share[1..].try_into().unwrap())))
            .collect();
        let pieces: Vec<(u8, &Value)> = values[2..].iter().map(|(x, value)| (*x, value)).collect();
        assert_eq!(combine(&pieces), secret);
    }

    /// With k - 1 pieces every value of a secret byte is as likely as any other. For k = 2 and one
    /// piece: over all coefficients, each secret byte explains the piece exactly once.
    #[test]
    fn k_minus_one_pieces_exclude_no_secret() {
        for x in 1..=5 {
            for seen in [0, 1, 0x80, 0xFF] {
                for secret in 0..=255_u8 {
                    let explaining = (0..=255_u8)
                        .filter(|c| secret ^ multiply(*c, x) == seen)
                        .count();
                    assert_eq!(explaining, 1);
                }
            }
        }
    }
}
