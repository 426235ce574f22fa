//! Plans attacked from outside, through the public interface only.

#![cfg(test)]

mod cancel;
mod evm_decode;
mod evm_lies;
mod evm_sign;
mod evm_support;
mod grant;
mod keys;
mod lying_builder;
mod no_unit_elsewhere;
mod no_wei_elsewhere;
mod order;
mod signed;
mod support;
mod sweep;
