//! The crate from outside: what a driver does with it, from key generation to a signed transaction.

#![cfg(test)]

mod evm;
mod grant;
mod house;
mod payment;
