//! Amounts and payments as a person writes them.

use std::str::FromStr;

use domain::amount::AmountError;
use domain::{Amount, Asset};

/// `0.25 BTC` or `1.5 USDC`, as written: which coins and tokens there are, the treasury knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmountText(String);

impl AmountText {
    /// Reads it as an amount of one of these assets.
    pub fn read(&self, known: &[Asset]) -> Result<Amount, AmountError> {
        Amount::parse(&self.0, known)
    }
}

impl FromStr for AmountText {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match Amount::parse(text, &[Asset::Btc]) {
            Ok(_) | Err(AmountError::UnknownAsset(_)) => Ok(Self(text.trim().to_owned())),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// `PAYEE=0.25 BTC`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayLeg {
    /// A payee's name or an address.
    pub to: String,
    /// How much.
    pub amount: AmountText,
}

impl FromStr for PayLeg {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (to, amount) = text
            .rsplit_once('=')
            .filter(|(to, _)| !to.trim().is_empty())
            .ok_or("write PAYEE=AMOUNT, for example `Meyer GmbH=0.25 BTC`")?;
        let amount = amount.parse()?;
        Ok(Self {
            to: to.trim().to_owned(),
            amount,
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::{ChainId, Symbol};

    use super::*;

    fn symbol(text: &str) -> Symbol {
        Symbol::new(text).unwrap()
    }

    #[test]
    fn an_amount_that_cannot_be_paid_exactly_is_refused_and_says_why() {
        let error = "Meyer GmbH=1.000000001 BTC".parse::<PayLeg>().unwrap_err();
        assert!(error.contains("9 decimal places"), "{error}");
        assert!(error.contains("nothing is rounded"), "{error}");
        for bad in [
            "Meyer GmbH",
            "=1 BTC",
            "Meyer=1",
            "Meyer=1,5 BTC",
            "Meyer=-1 BTC",
            "Meyer=1e3 BTC",
        ] {
            assert!(bad.parse::<PayLeg>().is_err(), "{bad}");
        }
        let leg: PayLeg = "A=B Ltd=0.25 BTC".parse().unwrap();
        let amount = leg.amount.read(&[Asset::Btc]).unwrap();
        assert_eq!(
            (leg.to.as_str(), amount.to_string().as_str()),
            ("A=B Ltd", "0.25 BTC")
        );
    }

    #[test]
    fn amounts_of_coins_are_read_once_it_is_known_which_there_are() {
        let chain = ChainId::new(1).unwrap();
        let coin = |name: &str, places| {
            Asset::Evm(domain::Coin::new(chain, None, symbol(name), places).unwrap())
        };
        let known = [coin("ETH", 18), coin("USDC", 6)];
        let leg: PayLeg = "Meyer GmbH=1.5 USDC".parse().unwrap();
        let amount = leg.amount.read(&known).unwrap();
        assert_eq!(amount.to_string(), "1.5 USDC");
        for (text, expected) in [
            ("1.0000001 USDC", "7 decimal places"),
            ("1 DAI", "no asset of this treasury"),
            ("1.5 usdc", "no asset of this treasury"),
            ("-1 ETH", "no decimal number"),
            ("1e3 ETH", "no decimal number"),
            ("1,5 ETH", "no decimal number"),
        ] {
            let text: AmountText = text.parse().unwrap();
            let error = text.read(&known).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
