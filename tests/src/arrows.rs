//! Who may depend on whom: the arrows of docs/architecture.md.

use std::collections::BTreeSet;
use std::path::Path;

struct Rule {
    folder: &'static str,
    /// Crates of the workspace that it may use.
    may_use: &'static [&'static str],
    /// Libraries that belong to somebody else.
    may_not_use: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        folder: "domain",
        may_use: &[],
        may_not_use: &["poem", "lapin", "rdkafka", "async-nats", "clap", "toml"],
    },
    Rule {
        folder: "laws",
        may_use: &["warren-api", "warren-domain", "warren-process"],
        may_not_use: &["poem", "sea-orm", "lapin"],
    },
    Rule { folder: "migration", may_use: &[], may_not_use: &["poem", "lapin"] },
    Rule { folder: "contract", may_use: &[], may_not_use: &["poem", "lapin", "sea-orm"] },
    Rule { folder: "process", may_use: &[], may_not_use: &["poem", "lapin", "sea-orm"] },
    Rule {
        folder: "broker",
        may_use: &["warren-domain", "warren-process"],
        may_not_use: &["poem", "poem-openapi", "sea-orm"],
    },
    Rule {
        folder: "api",
        may_use: &["warren-broker", "warren-domain", "warren-process"],
        may_not_use: &["sea-orm", "sea-orm-migration", "lapin"],
    },
    Rule {
        folder: "worker",
        may_use: &["warren-broker", "warren-domain", "warren-process"],
        may_not_use: &["poem", "poem-openapi", "sea-orm", "lapin"],
    },
    Rule {
        folder: "simulation",
        may_use: &[
            "warren-api",
            "warren-broker",
            "warren-domain",
            "warren-migration",
            "warren-process",
            "warren-worker",
        ],
        may_not_use: &["poem", "poem-openapi", "sea-orm-migration", "lapin"],
    },
];

#[test]
fn crates_depend_only_on_whom_they_may() {
    for rule in RULES {
        for dependency in dependencies(rule.folder) {
            let ours = dependency.starts_with("warren");
            assert!(
                !ours || rule.may_use.contains(&dependency.as_str()),
                "{} may not depend on {dependency}",
                rule.folder,
            );
            assert!(
                !rule.may_not_use.contains(&dependency.as_str()),
                "{dependency} does not belong into {}",
                rule.folder,
            );
        }
    }
}

#[test]
fn every_version_is_written_once_at_the_root() {
    for folder in RULES.iter().map(|rule| rule.folder).chain(["tests"]) {
        let manifest = manifest(folder);
        let section = manifest["dependencies"].as_table().expect("dependencies");
        for (name, how) in section {
            let inherited = how.get("workspace").and_then(toml::Value::as_bool);
            assert_eq!(inherited, Some(true), "{folder} writes a version of {name}");
        }
    }
}

fn dependencies(folder: &str) -> BTreeSet<String> {
    let manifest = manifest(folder);
    let section = manifest["dependencies"].as_table().expect("dependencies");
    section.keys().cloned().collect()
}

fn manifest(folder: &str) -> toml::Table {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let path = root.join(folder).join("Cargo.toml");
    let text = std::fs::read_to_string(&path).expect("a manifest");
    text.parse().expect("TOML")
}
