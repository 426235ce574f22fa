//! The text of a policy: what is refused and where, what it says to people, and its hash.

use policy::{Policy, describe};

const STARTUP: &str = include_str!("../shipped/two-of-three-startup.toml");
const TIERED: &str = include_str!("../shipped/tiered-treasury.toml");

/// Lines 1 to 3 of every refused text, then one mistake.
const HEAD: &str = "version = 1\n[groups]\nTeam = [\"Alice\", \"Bob\"]\n";
const GOVERNANCE: &str =
    "[governance.default]\nsteps = [{ group = \"Team\", count = 1 }]\nexpiry = \"7 d\"\n";

#[test]
fn shipped_policies_read_as_they_are_meant() {
    for (file, text) in [("startup", STARTUP), ("tiered", TIERED)] {
        let policy = Policy::parse(text).unwrap();
        assert_eq!(policy.text(), text);
        insta::assert_snapshot!(file, describe(&policy));
    }
}

/// Lines that begin with # and no space are examples.
#[test]
fn the_examples_in_shipped_policies_read_as_they_are_meant() {
    for (file, text) in [("startup_examples", STARTUP), ("tiered_examples", TIERED)] {
        let example = |line: &str| match line.strip_prefix('#') {
            Some(code) if !code.is_empty() && !code.starts_with(' ') => format!("{code}\n"),
            Some(_) | None => format!("{line}\n"),
        };
        // The continuation of an example is indented.
        let text = text.replace("\n#    {", "\n#{");
        let text: String = text.lines().map(example).collect();
        let policy = Policy::parse(&text).unwrap();
        assert!(policy.assets().count() >= 2);
        insta::assert_snapshot!(file, describe(&policy));
    }
}

#[test]
fn the_hash_is_of_the_text_byte_for_byte() {
    let text = format!("{HEAD}{GOVERNANCE}");
    let policy = Policy::parse(&text).unwrap();
    // SHA-256 over the length-prefixed domain and text, computed with another program.
    assert_eq!(
        policy.hash().to_string(),
        "b3a52afc0961b5dd37e21e56f5a31d98a1f9dccdc3517828d34348518cea472d"
    );
    let commented = Policy::parse(&format!("{text}# the same rules, another text\n")).unwrap();
    assert_ne!(policy.hash(), commented.hash());
}

#[test]
fn what_is_not_understood_is_refused_with_line_and_column() {
    let mut all = String::new();
    for (mistake, body) in MISTAKES {
        let error = Policy::parse(&format!("{HEAD}{body}\n{GOVERNANCE}"))
            .expect_err(&format!("{mistake} must be refused"));
        all.push_str(&format!("{mistake}\n  {error}\n"));
    }
    insta::assert_snapshot!("mistakes", all);
}

#[test]
fn whole_texts_that_are_no_policy_are_refused() {
    let lane = lane("steps = [{ group = \"Team\", count = 1 }]");
    let texts = [
        ("empty", String::new()),
        ("no version", GOVERNANCE.to_owned()),
        ("another version", HEAD.replace("= 1", "= 2") + GOVERNANCE),
        (
            "version as text",
            HEAD.replace("= 1", "= \"1\"") + GOVERNANCE,
        ),
        ("no groups", format!("version = 1\n{GOVERNANCE}")),
        (
            "no member",
            format!("version = 1\n[groups]\nTeam = []\n{GOVERNANCE}"),
        ),
        (
            "member twice",
            format!("version = 1\n[groups]\nTeam = [\"A\", \"A\"]\n{GOVERNANCE}"),
        ),
        (
            "group twice",
            format!("{HEAD}Team = [\"Carol\"]\n{GOVERNANCE}"),
        ),
        ("no governance", format!("{HEAD}{lane}")),
        (
            "the policy can't be changed",
            format!("{HEAD}{}", GOVERNANCE.replace("default", "thaw")),
        ),
        (
            "unknown kind",
            format!("{HEAD}{}", GOVERNANCE.replace("default", "polcy")),
        ),
        (
            "governance needs more than there are",
            format!("{HEAD}{}", GOVERNANCE.replace("count = 1", "count = 3")),
        ),
        (
            "too long",
            format!("{HEAD}{GOVERNANCE}# {}", "x".repeat(300_000)),
        ),
        ("no end of text", format!("{HEAD}x = \"abc\n{GOVERNANCE}")),
    ];
    let mut all = String::new();
    for (mistake, text) in texts {
        let error = Policy::parse(&text).expect_err(&format!("{mistake} must be refused"));
        all.push_str(&format!("{mistake}\n  {error}\n"));
    }
    insta::assert_snapshot!("whole_texts", all);
}

#[test]
fn columns_count_characters_from_one() {
    let text = format!("version = 1\n[groups]\n\"Töpfe\" = [\"Ünal\", 5]\n{GOVERNANCE}");
    let error = Policy::parse(&text).unwrap_err();
    let column = r#""Töpfe" = ["Ünal", "#.chars().count() + 1;
    assert_eq!(
        (error.position().line, error.position().column),
        (3, column)
    );
}

#[test]
fn words_that_follow_one_another_are_not_taken_for_a_contradiction() {
    for body in [
        // A lane above that takes less hides nothing.
        "[[lane]]\nname = \"a\"\nscope = { total = { at_most = \"1 BTC\" } }\nsteps = [{ group = \"Team\", count = 1 }]\nexpiry = \"1 h\"\n[[lane]]\nname = \"b\"\nscope = { total = { at_most = \"2 BTC\" } }\nsteps = [{ group = \"Team\", count = 1 }]\nexpiry = \"1 h\"",
        // A lane for both members, each of whom the other can approve for.
        "[[lane]]\nname = \"a\"\nscope = { initiators = [\"@Team\"] }\nsteps = [{ group = \"Team\", count = 1 }]\nexpiry = \"1 h\"",
        "[[deny]]\nname = \"a\"\nscope = \"all\"",
        // EVM chains are without number, so there is always one more.
        "[[deny]]\nname = \"a\"\nscope = { chains = { not = [\"bitcoin\", \"testnet4\", \"signet\", \"regtest\", \"eip155:1\"] } }",
        // Bitcoin alone hides no lane for all.
        "[[lane]]\nname = \"a\"\nscope = { assets = [\"BTC\"] }\nsteps = [{ group = \"Team\", count = 1 }]\nexpiry = \"1 h\"\n[[lane]]\nname = \"b\"\nscope = \"all\"\nsteps = [{ group = \"Team\", count = 1 }]\nexpiry = \"1 h\"",
        // A deny of all Bitcoin networks leaves a lane for all its EVM chains.
        "[[deny]]\nname = \"a\"\nscope = { assets = [\"BTC\"] }\n[[lane]]\nname = \"b\"\nscope = \"all\"\nsteps = [{ group = \"Team\", count = 1 }]\nexpiry = \"1 h\"",
    ] {
        let text = format!("{HEAD}{body}\n{GOVERNANCE}");
        assert!(Policy::parse(&text).is_ok(), "{:?}", Policy::parse(&text));
    }
}

fn lane(steps: &str) -> String {
    format!("[[lane]]\nname = \"a\"\nscope = \"all\"\n{steps}\nexpiry = \"1 h\"\n")
}

const MISTAKES: &[(&str, &str)] = &[
    ("not TOML", "[[lane]"),
    (
        "duplicate key",
        "[[deny]]\nname = \"a\"\nname = \"b\"\nscope = \"all\"",
    ),
    ("unknown section", "[[allow]]\nname = \"a\""),
    (
        "unknown word in a deny",
        "[[deny]]\nname = \"a\"\nscope = \"all\"\nwhen = 1",
    ),
    (
        "one table where a list is meant",
        "[deny]\nname = \"a\"\nscope = \"all\"",
    ),
    ("deny without name", "[[deny]]\nscope = \"all\""),
    ("deny without scope", "[[deny]]\nname = \"a\""),
    ("empty scope", "[[deny]]\nname = \"a\"\nscope = {}"),
    (
        "scope of another word",
        "[[deny]]\nname = \"a\"\nscope = \"everything\"",
    ),
    (
        "scope as a list",
        "[[deny]]\nname = \"a\"\nscope = [\"all\"]",
    ),
    (
        "unknown word in a scope",
        "[[deny]]\nname = \"a\"\nscope = { payes = [\"unknown\"] }",
    ),
    (
        "empty list",
        "[[deny]]\nname = \"a\"\nscope = { payees = [] }",
    ),
    (
        "a text where a list is meant",
        "[[deny]]\nname = \"a\"\nscope = { payees = \"unknown\" }",
    ),
    (
        "undeclared list",
        "[[deny]]\nname = \"a\"\nscope = { payees = [\"@Suppliers\"] }",
    ),
    (
        "undeclared group",
        "[[deny]]\nname = \"a\"\nscope = { initiators = [\"Alice\", \"@Board\"] }",
    ),
    (
        "entry twice",
        "[[deny]]\nname = \"a\"\nscope = { vaults = [\"Main\", \"Main\"] }",
    ),
    (
        "unknown asset",
        "[[deny]]\nname = \"a\"\nscope = { assets = [\"DOGE\"] }",
    ),
    (
        "unknown chain",
        "[[deny]]\nname = \"a\"\nscope = { chains = [\"mainnet\"] }",
    ),
    (
        "every chain of the asset excluded",
        "[[deny]]\nname = \"a\"\nscope = { assets = [\"BTC\"], chains = { not = [\"bitcoin\", \"testnet4\", \"signet\", \"regtest\"] } }",
    ),
    (
        "an amount of an asset that is on none of the chains",
        "[[deny]]\nname = \"a\"\nscope = { chains = [\"eip155:1\"], total = { above = \"1 BTC\" } }",
    ),
    (
        "no chain id",
        "[[deny]]\nname = \"a\"\nscope = { chains = [\"eip155:0\"] }",
    ),
    (
        "another spelling of a chain",
        "[[deny]]\nname = \"a\"\nscope = { chains = [\"eip155:01\"] }",
    ),
    (
        "amount of an unknown asset",
        "[[deny]]\nname = \"a\"\nscope = { leg = { above = \"1 ETH\" } }",
    ),
    (
        "amount as a number",
        "[[deny]]\nname = \"a\"\nscope = { leg = { above = 0.5 } }",
    ),
    (
        "amount without asset",
        "[[deny]]\nname = \"a\"\nscope = { leg = { above = \"0.5\" } }",
    ),
    (
        "amount too precise",
        "[[deny]]\nname = \"a\"\nscope = { leg = { above = \"0.000000001 BTC\" } }",
    ),
    (
        "bounds crossed",
        "[[deny]]\nname = \"a\"\nscope = { leg = { above = \"1 BTC\", at_most = \"1 BTC\" } }",
    ),
    (
        "two lower bounds",
        "[[deny]]\nname = \"a\"\nscope = { leg = { above = \"1 BTC\", at_least = \"1 BTC\" } }",
    ),
    ("no bound", "[[deny]]\nname = \"a\"\nscope = { leg = {} }"),
    (
        "a leg above every total",
        "[[deny]]\nname = \"a\"\nscope = { leg = { above = \"1 BTC\" }, total = { at_most = \"1 BTC\" } }",
    ),
    (
        "age of the unknown",
        "[[deny]]\nname = \"a\"\nscope = { payees = [\"unknown\"], payee_age = { at_least = \"1 d\" } }",
    ),
    (
        "no such unit",
        "[[deny]]\nname = \"a\"\nscope = { payee_age = { below = \"2 weeks\" } }",
    ),
    (
        "hours over midnight",
        "[[deny]]\nname = \"a\"\nscope = { hours = [{ from = \"22:00\", to = \"06:00\" }] }",
    ),
    (
        "no such hour",
        "[[deny]]\nname = \"a\"\nscope = { hours = [{ from = \"9:00\" }] }",
    ),
    (
        "no such minute",
        "[[deny]]\nname = \"a\"\nscope = { hours = [{ to = \"24:01\" }] }",
    ),
    (
        "no such day",
        "[[deny]]\nname = \"a\"\nscope = { hours = [{ days = [\"monday\"] }] }",
    ),
    (
        "every hour excluded",
        "[[deny]]\nname = \"a\"\nscope = { hours = { not = [{ from = \"00:00\" }] } }",
    ),
    (
        "deny twice",
        "[[deny]]\nname = \"a\"\nscope = \"all\"\n[[deny]]\nname = \"a\"\nscope = \"all\"",
    ),
    (
        "name that hides",
        "[[deny]]\nname = \"a\\u202Eb\"\nscope = \"all\"",
    ),
    (
        "name that is a word",
        "[[deny]]\nname = \"known\"\nscope = \"all\"",
    ),
    (
        "limit of neither",
        "[[limit]]\nname = \"a\"\nscope = \"all\"\nwindow = \"24 h\"",
    ),
    (
        "limit of both",
        "[[limit]]\nname = \"a\"\nscope = \"all\"\namount = \"1 BTC\"\ncount = 1\nwindow = \"24 h\"",
    ),
    (
        "limit of nothing",
        "[[limit]]\nname = \"a\"\nscope = \"all\"\namount = \"0 BTC\"\nwindow = \"24 h\"",
    ),
    (
        "limit of no payout",
        "[[limit]]\nname = \"a\"\nscope = \"all\"\ncount = 0\nwindow = \"24 h\"",
    ),
    (
        "negative limit",
        "[[limit]]\nname = \"a\"\nscope = \"all\"\ncount = -1\nwindow = \"24 h\"",
    ),
    (
        "limit without window",
        "[[limit]]\nname = \"a\"\nscope = \"all\"\ncount = 1",
    ),
    (
        "window of nothing",
        "[[limit]]\nname = \"a\"\nscope = \"all\"\ncount = 1\nwindow = \"0 h\"",
    ),
    (
        "window of ages",
        "[[limit]]\nname = \"a\"\nscope = \"all\"\ncount = 1\nwindow = \"400 d\"",
    ),
    (
        "window beyond numbers",
        "[[limit]]\nname = \"a\"\nscope = \"all\"\ncount = 1\nwindow = \"99999999999999999999 d\"",
    ),
    (
        "window as a number",
        "[[limit]]\nname = \"a\"\nscope = \"all\"\ncount = 1\nwindow = 24",
    ),
    (
        "limit per nothing known",
        "[[limit]]\nname = \"a\"\nscope = \"all\"\ncount = 1\nwindow = \"24 h\"\nper = \"day\"",
    ),
    (
        "limit by hours",
        "[[limit]]\nname = \"a\"\nscope = { hours = [{ from = \"09:00\" }] }\ncount = 1\nwindow = \"24 h\"",
    ),
    (
        "lane without steps",
        "[[lane]]\nname = \"a\"\nscope = \"all\"\nexpiry = \"1 h\"",
    ),
    (
        "lane with no step",
        "[[lane]]\nname = \"a\"\nscope = \"all\"\nsteps = []\nexpiry = \"1 h\"",
    ),
    (
        "lane without expiry",
        "[[lane]]\nname = \"a\"\nscope = \"all\"\nsteps = [{ group = \"Team\", count = 1 }]",
    ),
    (
        "step of an undeclared group",
        "[[lane]]\nname = \"a\"\nscope = \"all\"\nsteps = [{ group = \"Board\", count = 1 }]\nexpiry = \"1 h\"",
    ),
    (
        "step of nobody",
        "[[lane]]\nname = \"a\"\nscope = \"all\"\nsteps = [{ group = \"Team\", count = 0 }]\nexpiry = \"1 h\"",
    ),
    (
        "step of more than there are",
        "[[lane]]\nname = \"a\"\nscope = \"all\"\nsteps = [{ group = \"Team\", count = 3 }]\nexpiry = \"1 h\"",
    ),
    (
        "group twice in a lane",
        "[[lane]]\nname = \"a\"\nscope = \"all\"\nsteps = [{ group = \"Team\", count = 1 }, { group = \"Team\", count = 1 }]\nexpiry = \"1 h\"",
    ),
    (
        "quorum that needs its only initiators",
        "[[lane]]\nname = \"a\"\nscope = { initiators = [\"@Team\"] }\nsteps = [{ group = \"Team\", count = 2 }]\nexpiry = \"1 h\"",
    ),
    (
        "flag as text",
        "[[lane]]\nname = \"a\"\nscope = \"all\"\nsteps = [{ group = \"Team\", count = 1 }]\ninitiator_may_approve = \"yes\"\nexpiry = \"1 h\"",
    ),
    (
        "delay past expiry",
        "[[lane]]\nname = \"a\"\nscope = \"all\"\nsteps = [{ group = \"Team\", count = 1 }]\ndelay = \"1 h\"\nexpiry = \"1 h\"",
    ),
    (
        "hidden lane",
        "[[lane]]\nname = \"a\"\nscope = \"all\"\nsteps = [{ group = \"Team\", count = 1 }]\nexpiry = \"1 h\"\n[[lane]]\nname = \"b\"\nscope = { payees = [\"known\"] }\nsteps = [{ group = \"Team\", count = 1 }]\nexpiry = \"1 h\"",
    ),
    (
        "denied lane",
        "[[deny]]\nname = \"no\"\nscope = { payees = [\"unknown\"] }\n[[lane]]\nname = \"b\"\nscope = { payees = [\"unknown\"], leg = { at_most = \"1 BTC\" } }\nsteps = [{ group = \"Team\", count = 1 }]\nexpiry = \"1 h\"",
    ),
];
