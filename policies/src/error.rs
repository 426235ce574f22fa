//! Why a text is no policy, and where.

use std::fmt;

use domain::Name;
use domain::address::AddressError;
use domain::amount::AmountError;
use domain::asset::CoinError;
use domain::name::TextError;

use crate::policy::Demand;

/// A text that is no policy: what is wrong, and where. Nothing was adopted; the policy in force
/// stays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {problem}")]
pub struct PolicyError {
    position: Position,
    problem: Box<Problem>,
}

/// A place in a text. Both count from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// What is wrong with the text of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Longer than any policy people can read.
    #[error("the text has {bytes} bytes, at most {most} are read")]
    TooLong {
        /// Bytes given.
        bytes: usize,
        /// Most bytes read.
        most: usize,
    },
    /// More of something than people can read, or than this program will work through.
    #[error("{what} has {given} entries, at most {most} are read")]
    TooMany {
        /// Of what.
        what: String,
        /// How many.
        given: usize,
        /// Most read.
        most: usize,
    },
    /// Not TOML.
    #[error("this is not TOML: {0}")]
    Toml(String),
    /// A word with no meaning here.
    #[error("`{word}` is no word of {within}; known: {known}")]
    UnknownWord {
        /// The word.
        word: String,
        /// Where it stands.
        within: String,
        /// What could stand there.
        known: String,
    },
    /// A word that must be there is not.
    #[error("{within} needs `{word}`")]
    Missing {
        /// What lacks it.
        within: String,
        /// The word.
        word: &'static str,
    },
    /// A value of another type.
    #[error("`{word}` must be {wanted}, this is {found}")]
    WrongType {
        /// The word whose value it is.
        word: String,
        /// What it should be.
        wanted: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A format this program does not know.
    #[error("policy version {0} is unknown to this program, which reads version 1")]
    Version(String),
    /// Not a name.
    #[error("`{word}`: {fault}")]
    Text {
        /// The word whose value it is.
        word: String,
        /// What is wrong with it.
        fault: TextError,
    },
    /// A name that means something else.
    #[error(
        "`{0}` can't be a name here: `known`, `unknown` and names that start with `@` have a meaning of their own"
    )]
    Reserved(String),
    /// The same name twice.
    #[error("{what} `{name}` is there twice")]
    Repeated {
        /// What it names.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A group that is not declared.
    #[error("group `{0}` is not declared under [groups]")]
    UnknownGroup(String),
    /// A payee list that is not declared.
    #[error("payee list `{0}` is not declared under [payees]")]
    UnknownList(String),
    /// Nothing in it.
    #[error("`{0}` is empty: say what it holds, or leave the word out")]
    Empty(String),
    /// An asset that is not declared.
    #[error("asset `{word}` is not declared under [assets]; this policy knows {known}")]
    UnknownAsset {
        /// The word.
        word: String,
        /// What it could be.
        known: String,
    },
    /// Not a word for an asset.
    #[error(
        "`{0}` is no word for an asset: 1 to {max} of the letters A to Z, a to z, digits, point, hyphen and underscore, beginning with a letter",
        max = crate::read::LONGEST_WORD
    )]
    AssetWord(String),
    /// Bitcoin needs no declaration and is nothing else.
    #[error(
        "`{0}` stands for bitcoin, which every policy knows: choose another word, for example WBTC"
    )]
    BitcoinDeclared(String),
    /// Two words for one asset.
    #[error(
        "asset `{word}` is the same as `{other}`, or contradicts it: on one chain a symbol, a contract and the chain's own coin each have one word, whatever its case"
    )]
    SameAsset {
        /// The word.
        word: String,
        /// The earlier word.
        other: String,
    },
    /// Assets that the amounts of the same scope are not of.
    #[error(
        "`assets` names more than {0}, which the amounts of this scope are of: write a statement for each asset"
    )]
    MoreThanAmounts(String),
    /// An asset that can't be.
    #[error(transparent)]
    Coin(#[from] CoinError),
    /// A contract's address that is none.
    #[error("the contract: {0}")]
    Contract(AddressError),
    /// Not an amount.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// A cap of nothing.
    #[error("a limit of nothing lets nothing pass: write a deny instead")]
    ZeroLimit,
    /// Not exactly one of two words.
    #[error("{within} needs exactly one of {words}")]
    OneOf {
        /// What needs it.
        within: String,
        /// The words.
        words: &'static str,
    },
    /// Not a length of time.
    #[error("`{0}` is no length of time: write for example `90 s`, `15 min`, `24 h` or `7 d`")]
    Span(String),
    /// A length of time that is too short or too long.
    #[error("`{word}` must be between {least} and {most}")]
    SpanRange {
        /// The word whose value it is.
        word: String,
        /// Least.
        least: domain::Span,
        /// Most.
        most: domain::Span,
    },
    /// Not a number of people, payouts or decimals.
    #[error("`{word}` must be a whole number from {least} to {most}")]
    Count {
        /// The word whose value it is.
        word: String,
        /// Least.
        least: u32,
        /// Most.
        most: u32,
    },
    /// Not a time of day.
    #[error("`{0}` is no time of day: write for example `09:00`, up to `24:00`, in UTC")]
    TimeOfDay(String),
    /// A time span over midnight.
    #[error(
        "these hours end before they begin: write one entry up to `24:00` and one from `00:00`"
    )]
    HoursBackwards,
    /// A condition that nothing meets.
    #[error("no payout can ever be in this scope: {0}")]
    Never(&'static str),
    /// A quorum that its groups can't give.
    #[error("{}", impossible(.missing, .initiator.as_ref()))]
    Impossible {
        /// What lacks people.
        missing: Vec<Demand>,
        /// When one initiator's approval does not count: for whom it is impossible.
        initiator: Option<Name>,
    },
    /// A lane that an earlier one hides.
    #[error(
        "lane `{lane}` is never reached: lane `{by}` above it takes all its payouts; put `{lane}` first or strike it out"
    )]
    Hidden {
        /// The lane.
        lane: Name,
        /// The one above.
        by: Name,
    },
    /// A lane of which every payout is denied.
    #[error("lane `{lane}` can never be used: `{by}` denies all its payouts")]
    Denied {
        /// The lane.
        lane: Name,
        /// The deny.
        by: Name,
    },
    /// The delay lasts longer than the time there is.
    #[error(
        "the delay of {delay} is not shorter than the expiry of {expiry}: nothing could ever be signed"
    )]
    DelayPastExpiry {
        /// The delay.
        delay: domain::Span,
        /// The expiry.
        expiry: domain::Span,
    },
    /// Nobody could change the policy.
    #[error(
        "under this policy the policy could never be changed: [governance] needs `policy` or `default`"
    )]
    Unchangeable,
}

impl PolicyError {
    pub(crate) fn at(text: &str, offset: usize, problem: impl Into<Box<Problem>>) -> Self {
        Self {
            position: Position::of(text, offset),
            problem: problem.into(),
        }
    }

    /// Where it is.
    pub const fn position(&self) -> Position {
        self.position
    }

    /// What it is.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl Position {
    fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count().saturating_add(1);
        let last = before.rsplit('\n').next().unwrap_or_default();
        Self {
            line,
            column: last.chars().count().saturating_add(1),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

fn impossible(missing: &[Demand], initiator: Option<&Name>) -> String {
    let missing = crate::words::all(missing);
    match initiator {
        None => format!(
            "this quorum can never be met, one person counts once: {missing} would be missing with everybody's approval"
        ),
        Some(name) => format!(
            "this quorum can never be met, initiators can't approve their own: when `{name}` proposes, {missing} would be missing with everybody else's approval, and so for every other initiator"
        ),
    }
}
