//! A table of payouts in CSV (RFC 4180), read strictly: every bad line is named before anything is
//! proposed.

use std::fmt;

use domain::{Address, Amount, Asset, Batch, Leg, Name, Note};

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Who is paid what.
    pub leg: Leg,
    /// What it is for.
    pub memo: Note,
}

/// A line that can't be paid, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// The line, from 1; none when it is about the whole file.
    pub line: Option<u64>,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

/// The columns, in this order or another, named in the first line.
const COLUMNS: [&str; 4] = ["payee", "amount", "asset", "memo"];
/// So many bad lines are told; more are counted.
const MOST_TOLD: usize = 50;
/// A table of a thousand payouts stays far below.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// How a payee is found: by the name in the address book, or an address.
pub type FindPayee<'a> = &'a dyn Fn(&str) -> Result<(Option<Name>, Address), String>;

/// Reads a table. All lines are good, or nothing is.
pub fn rows(bytes: &[u8], known: &[Asset], find: FindPayee<'_>) -> Result<Vec<Row>, Vec<BadLine>> {
    let whole = |why: &str| {
        vec![BadLine {
            line: None,
            why: why.to_owned(),
        }]
    };
    if bytes.len() > MOST_BYTES {
        return Err(whole("the file is larger than any table of payouts"));
    }
    // Spreadsheets put a mark before UTF-8.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes)
        .map_err(|_| whole("the file is no UTF-8 text: save it as CSV in UTF-8"))?
        // The library counts a line that ends in two characters from its second on.
        .replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(true)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let places = places(&mut reader).map_err(|why| whole(&why))?;
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                bad.push(BadLine {
                    line: error.position().map(csv::Position::line),
                    why: "it is no line of a CSV table".to_owned(),
                });
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        match row(line, &record, &places, known, find) {
            Ok(row) => good.push(row),
            Err(why) => bad.push(BadLine {
                line: Some(line),
                why,
            }),
        }
    }
    judge(good, bad)
}

fn judge(good: Vec<Row>, mut bad: Vec<BadLine>) -> Result<Vec<Row>, Vec<BadLine>> {
    let total = good.len().saturating_add(bad.len());
    if total > Batch::MAX {
        let why = format!(
            "the table has {total} payouts, at most {} are decided at once: split it",
            Batch::MAX
        );
        return Err(vec![BadLine { line: None, why }]);
    }
    if total == 0 {
        bad.push(BadLine {
            line: None,
            why: "the table has no line below its first".to_owned(),
        });
    }
    if bad.is_empty() {
        return Ok(good);
    }
    let more = bad.len().saturating_sub(MOST_TOLD);
    bad.truncate(MOST_TOLD);
    if more > 0 {
        bad.push(BadLine {
            line: None,
            why: format!("and {more} more lines"),
        });
    }
    Err(bad)
}

/// Where each column is.
fn places(reader: &mut csv::Reader<&[u8]>) -> Result<[Option<usize>; 4], String> {
    let wanted = "the first line names the columns: payee, amount, asset and, if wanted, memo";
    let headers = reader.headers().map_err(|_| wanted.to_owned())?.clone();
    let mut places = [None; 4];
    for (at, header) in headers.iter().enumerate() {
        let column = COLUMNS
            .iter()
            .position(|column| header.eq_ignore_ascii_case(column))
            .ok_or_else(|| format!("{wanted}; `{}` is none of them", shown(header)))?;
        let place = places.get_mut(column).ok_or(wanted)?;
        if place.replace(at).is_some() {
            return Err(format!("column `{header}` is there twice"));
        }
    }
    let needed = places.iter().take(3);
    if needed.into_iter().any(Option::is_none) {
        return Err(wanted.to_owned());
    }
    Ok(places)
}

fn row(
    line: u64,
    record: &csv::StringRecord,
    places: &[Option<usize>; 4],
    known: &[Asset],
    find: FindPayee<'_>,
) -> Result<Row, String> {
    let columns = places.iter().flatten().count();
    if record.len() != columns {
        return Err(format!(
            "it has {} fields, the first line names {columns}; a comma inside a field needs quotes around it",
            record.len()
        ));
    }
    let field = |column: usize| -> Result<&str, String> {
        let at = places.get(column).copied().flatten();
        let text = at.and_then(|at| record.get(at)).unwrap_or_default();
        // A spreadsheet would run it, and whoever opens the file next would see something else.
        if text.starts_with(['=', '+', '-', '@']) {
            return Err(format!("`{}` looks like a formula", shown(text)));
        }
        Ok(text)
    };
    let (payee, address) = match field(0)? {
        "" => return Err("it names no payee".to_owned()),
        text => find(text)?,
    };
    let amount = match (field(1)?, field(2)?) {
        ("", _) => return Err("it has no amount".to_owned()),
        (_, "") => return Err("it names no asset".to_owned()),
        (number, symbol) => amount(number, symbol, known)?,
    };
    let memo = Note::new(field(3)?).map_err(|error| format!("its memo: {error}"))?;
    Ok(Row {
        line,
        leg: Leg {
            payee,
            address,
            amount,
        },
        memo,
    })
}

fn amount(number: &str, symbol: &str, known: &[Asset]) -> Result<Amount, String> {
    let asset = known.iter().find(|asset| asset.symbol() == symbol);
    let Some(asset) = asset else {
        let names: Vec<&str> = known.iter().map(Asset::symbol).collect();
        return Err(format!(
            "`{}` is no asset of this vault's chain; known: {}",
            shown(symbol),
            names.join(", ")
        ));
    };
    let amount = Amount::from_decimal(number, *asset).map_err(|error| error.to_string())?;
    if amount.is_zero() {
        return Err("it pays nothing".to_owned());
    }
    Ok(amount)
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ChainId, Coin, EvmAddress, Symbol};

    const PAYEE: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

    fn chain() -> ChainId {
        ChainId::new(31_337).unwrap()
    }

    fn known() -> Vec<Asset> {
        let coin = |symbol: &str, contract, decimals| {
            Asset::Evm(
                Coin::new(chain(), contract, Symbol::new(symbol).unwrap(), decimals).unwrap(),
            )
        };
        let contract = EvmAddress::parse("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", chain());
        vec![
            coin("ETH", None, 18),
            coin("USDC", Some(contract.unwrap()), 6),
        ]
    }

    fn find(text: &str) -> Result<(Option<Name>, Address), String> {
        let address = |text: &str| EvmAddress::parse(text, chain()).map(Address::Evm);
        if text == "Müller, Söhne" {
            return Ok((Some(Name::new(text).unwrap()), address(PAYEE).unwrap()));
        }
        address(text).map(|a| (None, a)).map_err(|e| e.to_string())
    }

    fn read(text: &[u8]) -> Result<Vec<Row>, String> {
        rows(text, &known(), &find).map_err(|bad| {
            let lines: Vec<String> = bad.iter().map(ToString::to_string).collect();
            lines.join("\n")
        })
    }

    #[test]
    fn a_table_of_a_spreadsheet_is_read() {
        let text = format!(
            "\u{FEFF}Payee,Amount,Asset,Memo\r\n\"Müller, Söhne\",1.5,ETH,\"rent, \"\"May\"\"\"\r\n{PAYEE},0.000001,USDC,\r\n"
        );
        let rows = read(text.as_bytes()).unwrap();
        let said: Vec<String> = rows.iter().map(|row| row.leg.amount.to_string()).collect();
        assert_eq!(said, ["1.5 ETH", "0.000001 USDC"]);
        assert_eq!(rows[0].memo.as_str(), "rent, \"May\"");
        assert_eq!(rows[1].line, 3);
    }

    #[test]
    fn every_bad_line_is_named_with_its_reason() {
        let text = format!(
            "payee,amount,asset\n{PAYEE},1.0000001,USDC\n{PAYEE},1,DOGE\nNobody,1,ETH\n{PAYEE},=1+1,ETH\n{PAYEE},1 000,ETH\n{PAYEE},1,5,ETH\n{PAYEE},,ETH\n{PAYEE},0,ETH\n{},1,ETH\n{PAYEE},1,ETH\n",
            PAYEE.to_lowercase()
        );
        let said = read(text.as_bytes()).unwrap_err();
        for part in [
            "line 2: `1.0000001` has 7 decimal places, USDC has 6",
            "line 3: `DOGE` is no asset of this vault's chain; known: ETH, USDC",
            "line 4: `Nobody` is no address",
            "line 5: `=1+1` looks like a formula",
            "line 6: `1 000` is no decimal number",
            "line 7: it has 4 fields, the first line names 3",
            "line 8: it has no amount",
            "line 9: it pays nothing",
            "line 10: `0x5aaeb",
        ] {
            assert!(said.contains(part), "{part} in\n{said}");
        }
        assert!(!said.contains("line 11"), "{said}");
    }

    #[test]
    fn what_is_no_table_is_refused_whole() {
        let line = format!("{PAYEE},1,ETH\n");
        let long = format!("payee,amount,asset\n{}", line.repeat(10_000));
        for (text, why) in [
            ("", "the first line names the columns"),
            ("payee,amount\n", "the first line names the columns"),
            ("payee,amount,asset,iban\n", "`iban` is none of them"),
            ("payee,payee,amount,asset\n", "there twice"),
            ("payee,amount,asset\n", "no line below"),
            (long.as_str(), "the table has 10000 payouts, at most 1000"),
        ] {
            let said = read(text.as_bytes()).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
        assert!(
            read(b"payee,amount,asset\n\xff,1,ETH\n")
                .unwrap_err()
                .contains("UTF-8")
        );
    }

    #[test]
    fn of_many_bad_lines_the_first_are_told_and_the_rest_counted() {
        let text = format!("payee,amount,asset\n{}", "x,1,ETH\n".repeat(200));
        let said = read(text.as_bytes()).unwrap_err();
        assert!(said.ends_with("and 150 more lines"), "{said}");
    }
}
