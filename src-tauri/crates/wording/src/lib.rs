//! Between what a treasury holds and what people read and write: one wording for the terminal and the
//! windows.
//!
//! [`view::View`] is the journal's meaning at one moment. [`proposal`], [`timeline`], [`limits`] and
//! [`events`] put it into words; [`unusual`] says what an officer should look at twice. [`written`],
//! [`payees`], [`table`] and [`subjects`] go the other way: from what a person wrote to what can be
//! proposed. Nothing here decides anything.

pub mod events;
pub mod ids;
pub mod limits;
pub mod paper;
pub mod payees;
pub mod proposal;
pub mod subjects;
pub mod table;
pub mod timeline;
pub mod unusual;
pub mod view;
pub mod written;
