//! Whether whoever is paid on an EVM chain is a contract.

use domain::EvmAddress;
use driver::{Driver, DriverError};
use serde_json::{Map, Value, json};

/// What the node says of the payee's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// A contract: what it does with what it is sent, only its maker knows.
    Contract,
    /// An account that somebody has the key of, or nobody yet.
    None,
    /// The node was not there to be asked.
    NotKnown(String),
}

impl Code {
    /// Asks the node; one that does not answer keeps nobody from proposing.
    pub async fn of(driver: &Driver, payee: &EvmAddress) -> Result<Self, DriverError> {
        match driver.has_code(payee).await {
            Ok(true) => Ok(Code::Contract),
            Ok(false) => Ok(Code::None),
            Err(DriverError::Evm(why)) => Ok(Code::NotKnown(why)),
            Err(other) => Err(other),
        }
    }

    /// What must not be overlooked, if there is anything.
    pub fn words(&self, payee: &EvmAddress) -> Option<String> {
        match self {
            Code::Contract => Some(format!(
                "WARNING  {payee} is a contract: make sure it is meant to receive this"
            )),
            Code::None => None,
            Code::NotKnown(why) => Some(format!(
                "Whether {payee} is a contract could not be told, so make sure yourself who is paid: {why}"
            )),
        }
    }

    /// The same for programs.
    pub fn put(&self, into: &mut Map<String, Value>) {
        let known = match self {
            Code::Contract => json!(true),
            Code::None => json!(false),
            Code::NotKnown(why) => {
                into.insert("contract_payee_trouble".to_owned(), json!(why));
                Value::Null
            }
        };
        into.insert("contract_payee".to_owned(), known);
    }
}

#[cfg(test)]
mod tests {
    use domain::ChainId;

    use super::*;

    #[test]
    fn a_contract_is_named_and_an_unknown_one_is_not_taken_for_none() {
        let bytes = [0x11; 20];
        let payee = EvmAddress::from_bytes(bytes, ChainId::new(1).unwrap()).unwrap();
        let put = |code: Code| {
            let mut json = Map::new();
            code.put(&mut json);
            (code.words(&payee), Value::Object(json))
        };
        let (words, json) = put(Code::Contract);
        assert!(words.unwrap().contains("is a contract: make sure"));
        assert_eq!(json.pointer("/contract_payee"), Some(&Value::Bool(true)));
        let (words, json) = put(Code::None);
        assert_eq!(words, None);
        assert_eq!(json.pointer("/contract_payee"), Some(&Value::Bool(false)));
        let (words, json) = put(Code::NotKnown("the node is away".to_owned()));
        assert!(words.unwrap().contains("the node is away"));
        assert_eq!(json.pointer("/contract_payee"), Some(&Value::Null));
    }
}
