//! Plans attacked from outside, through the public interface only.

#![cfg(test)]

mod grant;
mod keys;
mod lying_builder;
mod no_unit_elsewhere;
mod order;
mod signed;
mod support;
