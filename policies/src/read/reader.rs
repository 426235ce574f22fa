//! TOML with places: every value knows the word it belongs to and where it stands.

use std::collections::BTreeMap;

use domain::Name;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::Problem;

/// Most entries of one list: far above what people can read, far below what hurts.
pub(super) const MOST: usize = 1000;

/// A problem at a byte of the text.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) problem: Box<Problem>,
}

pub(super) type Read<T> = Result<T, Fault>;

/// A value, the word before it, and where the value stands.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) word: &'a str,
    pub(super) at: usize,
    value: &'a DeValue<'a>,
}

/// A table of which every word is known.
pub(super) struct Section<'a> {
    pub(super) at: usize,
    what: String,
    fields: BTreeMap<&'a str, Field<'a>>,
}

impl<'a> Section<'a> {
    /// A table with these words and no others; the first unknown one in the text is the fault.
    pub(super) fn of(
        what: impl Into<String>,
        at: usize,
        table: &'a DeTable<'a>,
        known: &[&str],
    ) -> Read<Self> {
        let what = what.into();
        let fields = fields(table);
        let stranger = table
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()))
            .min_by_key(|key| key.span().start);
        match stranger {
            None => Ok(Self { at, what, fields }),
            Some(key) => Err(Fault {
                at: key.span().start,
                problem: Problem::UnknownWord {
                    word: shown(key.get_ref()),
                    within: what,
                    known: known.join(", "),
                }
                .into(),
            }),
        }
    }

    pub(super) fn get(&self, word: &str) -> Option<Field<'a>> {
        self.fields.get(word).copied()
    }

    pub(super) fn need(&self, word: &'static str) -> Read<Field<'a>> {
        self.get(word).ok_or_else(|| Fault {
            at: self.at,
            problem: Problem::Missing {
                within: self.what.clone(),
                word,
            }
            .into(),
        })
    }

    pub(super) fn what(&self) -> &str {
        &self.what
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl<'a> Field<'a> {
    pub(super) fn fault<T>(&self, problem: Problem) -> Read<T> {
        Err(Fault {
            at: self.at,
            problem: problem.into(),
        })
    }

    fn wrong<T>(&self, wanted: &'static str) -> Read<T> {
        self.fault(Problem::WrongType {
            word: shown(self.word),
            wanted,
            found: self.kind(),
        })
    }

    fn kind(&self) -> &'static str {
        match self.value {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a number",
            DeValue::Float(_) => "a number with a point (write amounts as text, `\"0.5 BTC\"`)",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        }
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.value, DeValue::Array(_))
    }

    pub(super) fn as_text(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    pub(super) fn text(&self, wanted: &'static str) -> Read<&'a str> {
        match self.as_text() {
            Some(text) => Ok(text),
            None => self.wrong(wanted),
        }
    }

    /// A name people gave, that does not pass for a word of the language.
    pub(super) fn name(&self) -> Read<Name> {
        let text = self.text("a name in quotation marks")?;
        self.named(text)
    }

    pub(super) fn named(&self, text: &str) -> Read<Name> {
        if text.starts_with('@') || text == "known" || text == "unknown" {
            return self.fault(Problem::Reserved(shown(text)));
        }
        match Name::new(text) {
            Ok(name) => Ok(name),
            Err(fault) => self.fault(Problem::Text {
                word: shown(self.word),
                fault,
            }),
        }
    }

    pub(super) fn flag(&self) -> Read<bool> {
        match self.value.as_bool() {
            Some(flag) => Ok(flag),
            None => self.wrong("true or false"),
        }
    }

    /// A whole number from `least` to `most`, in plain decimal.
    pub(super) fn whole(&self, least: u32, most: u32) -> Read<u32> {
        let Some(number) = self.value.as_integer() else {
            return self.wrong("a whole number");
        };
        let count = u32::from_str_radix(number.as_str(), number.radix());
        match count {
            Ok(count) if (least..=most).contains(&count) => Ok(count),
            Ok(_) | Err(_) => self.fault(Problem::Count {
                word: shown(self.word),
                least,
                most,
            }),
        }
    }

    /// A whole number from 1 to `most`, in plain decimal.
    pub(super) fn count(&self, most: u32) -> Read<u32> {
        self.whole(1, most)
    }

    /// The number as written, for the version.
    pub(super) fn number(&self) -> Read<String> {
        match self.value.as_integer() {
            Some(number) => Ok(number.to_string()),
            None => self.wrong("a whole number"),
        }
    }

    /// A list that holds something.
    pub(super) fn list(&self, wanted: &'static str) -> Read<Vec<Field<'a>>> {
        let DeValue::Array(items) = self.value else {
            return self.wrong(wanted);
        };
        if items.is_empty() {
            return self.fault(Problem::Empty(shown(self.word)));
        }
        if items.len() > MOST {
            return self.fault(Problem::TooMany {
                what: format!("`{}`", shown(self.word)),
                given: items.len(),
                most: MOST,
            });
        }
        Ok(items
            .iter()
            .map(|item| Field {
                word: self.word,
                at: item.span().start,
                value: item.get_ref(),
            })
            .collect())
    }

    pub(super) fn section(&self, what: impl Into<String>, known: &[&str]) -> Read<Section<'a>> {
        match self.value {
            DeValue::Table(table) => Section::of(what, self.at, table, known),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => self.wrong("a table"),
        }
    }

    /// A table whose words are names that people chose, in the order of the text.
    pub(super) fn entries(&self) -> Read<Vec<(Name, Field<'a>)>> {
        self.keyed()?
            .into_iter()
            .map(|(key, field)| Ok((key.named(key.word)?, field)))
            .collect()
    }

    /// A table's words, each standing where it is written, and their values, in the order of the text.
    pub(super) fn keyed(&self) -> Read<Vec<(Field<'a>, Field<'a>)>> {
        let DeValue::Table(table) = self.value else {
            return self.wrong("a table");
        };
        let mut keys: Vec<_> = table.iter().collect();
        keys.sort_by_key(|(key, _)| key.span().start);
        if keys.len() > MOST {
            return self.fault(Problem::TooMany {
                what: format!("`{}`", shown(self.word)),
                given: keys.len(),
                most: MOST,
            });
        }
        Ok(keys
            .into_iter()
            .map(|(key, value)| {
                let field = field(key, value);
                let at = key.span().start;
                (Field { at, ..field }, field)
            })
            .collect())
    }
}

fn fields<'a>(table: &'a DeTable<'a>) -> BTreeMap<&'a str, Field<'a>> {
    table
        .iter()
        .map(|(key, value)| (key.get_ref().as_ref(), field(key, value)))
        .collect()
}

fn field<'a>(
    key: &'a Spanned<std::borrow::Cow<'a, str>>,
    value: &'a Spanned<DeValue<'a>>,
) -> Field<'a> {
    Field {
        word: key.get_ref().as_ref(),
        at: value.span().start,
        value: value.get_ref(),
    }
}

/// Text of others in a message: short, and nothing that could steer a terminal.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(60).flat_map(char::escape_debug).collect()
}
