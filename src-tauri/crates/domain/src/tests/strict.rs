//! Rule 4 and 5: a body is read strictly or refused.

use super::samples::*;
use crate::dsse::{BODY_TYPE, Envelope};
use crate::entry::{EntryError, SignedBody};
use crate::*;

/// Reads a payload in an envelope whose signers have the right number.
fn read(payload: &str, founders: bool) -> Result<SignedBody, EntryError> {
    let signature = Key::new(0x11).sign(&[1; 32]);
    let seeds: &[u8] = if founders { &[0x11, 0x21] } else { &[0x11] };
    let named: Vec<_> = seeds
        .iter()
        .map(|seed| (Key::new(*seed).public().key_id(), signature))
        .collect();
    let envelope = Envelope::assemble(BODY_TYPE, payload.as_bytes(), &named).unwrap();
    SignedBody::parse(envelope.as_bytes())
}

fn payloads() -> Vec<(String, bool)> {
    bodies()
        .into_iter()
        .map(|body| {
            let founders = body.author == Author::Founders;
            let payload = signed(body).envelope().payload().to_vec();
            (String::from_utf8(payload).unwrap(), founders)
        })
        .collect()
}

/// Each way to change the text at every object in it. Nothing in the samples has a brace in a string.
fn at_each_object(payload: &str, change: impl Fn(&str, &str) -> String) -> Vec<String> {
    payload
        .match_indices('{')
        .map(|(place, _)| {
            let (before, after) = payload.split_at(place + 1);
            change(before, after)
        })
        .collect()
}

#[test]
fn every_act_reads_back_as_it_was_written() {
    for body in bodies() {
        let signed = signed(body.clone());
        let again = SignedBody::parse(signed.envelope().as_bytes()).unwrap();
        assert_eq!(again.body(), &body);
        assert_eq!(again.id(), signed.id());
        assert_eq!(again.envelope().as_bytes(), signed.envelope().as_bytes());
    }
    let names: std::collections::BTreeSet<&str> =
        bodies().iter().map(|body| body.act.name()).collect();
    assert_eq!(names.len(), 25, "a sample of every act");
}

#[test]
fn an_unknown_field_is_refused_in_every_object() {
    let mut tried = 0;
    for (payload, founders) in payloads() {
        assert!(read(&payload, founders).is_ok());
        for text in at_each_object(&payload, |before, after| {
            format!("{before}\"zzz\":1,{after}")
        }) {
            let error = read(&text, founders).unwrap_err().to_string();
            // Not only by the spelling: the reader itself does not know the word.
            assert!(!error.contains("one spelling"), "{text}: {error}");
            tried += 1;
        }
    }
    assert!(tried > 150, "{tried}");
}

#[test]
fn a_duplicate_key_is_refused_in_every_object() {
    for (payload, founders) in payloads() {
        let doubled = |before: &str, after: &str| {
            let key: String = after.split_inclusive(':').next().unwrap().to_owned();
            let mut depth = 0;
            let value: String = after
                .chars()
                .skip(key.chars().count())
                .take_while(|c| {
                    depth += i32::from(matches!(c, '{' | '[')) - i32::from(matches!(c, '}' | ']'));
                    depth >= 0 && !(depth == 0 && *c == ',')
                })
                .collect();
            format!("{before}{key}{value},{after}")
        };
        for text in at_each_object(&payload, doubled) {
            let error = read(&text, founders).unwrap_err().to_string();
            assert!(!error.contains("one spelling"), "{text}: {error}");
        }
    }
}

#[test]
fn other_spellings_of_the_same_body_are_refused() {
    for (payload, founders) in payloads() {
        for text in [
            format!(" {payload}"),
            format!("{payload}\n"),
            payload.replacen("\":", "\": ", 1),
            payload.replacen("\"act\"", "\"\\u0061ct\"", 1),
            payload.replacen(":1,", ":1.0,", 1),
            payload.replacen("\"version\":1,", "", 1),
        ] {
            assert_ne!(text, payload);
            assert!(read(&text, founders).is_err(), "{text}");
        }
    }
}

#[test]
fn a_field_left_out_and_an_array_for_an_object_are_refused() {
    let text_of = |word: &str| {
        let find = |(text, _): &(String, bool)| text.contains(word);
        payloads().into_iter().find(find).unwrap()
    };
    let (founding, _) = text_of("\"founded\"");
    for (from, to) in [
        ("\"treasury\":null,", ""),
        ("\"waiver\":null,", ""),
        ("\"founders\"", "{\"founders\":null}"),
    ] {
        let text = founding.replacen(from, to, 1);
        assert_ne!(text, founding);
        let error = read(&text, true).unwrap_err().to_string();
        assert!(error.contains("one spelling"), "{error}");
    }
    let (planned, _) = text_of("\"planned\"");
    let text = planned.replacen("{\"keychain\":0,\"index\":7}", "[0,7]", 1);
    assert_ne!(text, planned);
    let error = read(&text, false).unwrap_err().to_string();
    assert!(error.contains("one spelling"), "{error}");
}

#[test]
fn an_unknown_version_or_word_is_refused_and_named() {
    let (payload, _) = payloads().swap_remove(0);
    for (from, to, why) in [
        (
            "\"version\":1",
            "\"version\":2",
            "version 2 is unknown to this program",
        ),
        ("\"version\":1", "\"version\":0", "version 0 is unknown"),
        ("\"proposed\"", "\"minted\"", "unknown variant `minted`"),
        ("\"payout\"", "\"gift\"", "unknown variant `gift`"),
        ("\"officer\"", "\"robot\"", "unknown variant `robot`"),
        ("\"BTC\"", "\"DOGE\"", "`DOGE` is no asset"),
        ("\"regtest\"", "\"moon\"", "`moon` is no network"),
    ] {
        let text = payload.replacen(from, to, 1);
        assert_ne!(text, payload, "{from}");
        let error = read(&text, false).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn values_that_no_door_lets_in_are_refused_in_a_body_too() {
    let all = payloads();
    let refused = |from: &str, to: &str| {
        let (payload, founders) = all.iter().find(|(text, _)| text.contains(from)).unwrap();
        let text = payload.replacen(from, to, 1);
        assert!(read(&text, *founders).is_err(), "{text}");
    };
    refused("\"units\":\"546\"", "\"units\":\"545\"");
    refused("\"units\":\"546\"", "\"units\":\"2100000000000000\"");
    refused("\"fee_cap\":\"10000\"", "\"fee_cap\":\"0\"");
    refused(
        "\"threshold\":2,\"seats\":[{",
        "\"threshold\":1,\"seats\":[{",
    );
    refused("\"confirmations\":6", "\"confirmations\":0");
    refused("\"epoch\":1", "\"epoch\":0");
    refused("\"seat\":2", "\"seat\":0");
    refused("\"seat\":2", "\"seat\":16");
    refused("\"keychain\":1", "\"keychain\":3");
    refused("\"index\":8", "\"index\":2147483648");
    refused("\"time\":1800000001000", "\"time\":0");
    refused(
        "\"name\":\"Ada Lovelace\"",
        "\"name\":\"Ada\u{202E}ecalevoL\"",
    );
    refused(
        "\"memo\":\"rent, November\"",
        "\"memo\":\"rent\\nNovember\"",
    );
    refused("\"transaction\":\"0200\"", "\"transaction\":\"020\"");
    refused("\"firmware\":[5,7,4]", "\"firmware\":[5,7]");
}

#[test]
fn a_body_carries_as_many_signatures_as_its_author_has_signers() {
    let founding = || body(None, Author::Founders, Act::Founded(Box::new(founding())));
    let payload = |body: Body| serde_json::to_string(&body).unwrap();
    assert!(read(&payload(founding()), true).is_ok());
    assert!(read(&payload(founding()), false).is_err());
    let lapsed = Act::Lapsed {
        proposal: ProposalId::from_bytes([1; 32]),
    };
    let officer = Author::Officer(officer(0x11).id());
    let good = body(Some(treasury()), officer, lapsed.clone());
    assert!(read(&payload(good.clone()), false).is_ok());
    assert!(read(&payload(good), true).is_err());
    for (treasury, author, act) in [
        (None, officer, lapsed.clone()),
        (Some(treasury()), Author::Founders, lapsed.clone()),
        (None, Author::Founders, lapsed),
        (Some(treasury()), Author::Founders, founding().act),
        (None, officer, founding().act),
    ] {
        for founders in [false, true] {
            let text = payload(body(treasury, author, act.clone()));
            assert!(read(&text, founders).is_err(), "{text}");
        }
    }
}
