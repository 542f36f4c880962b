//! What fuzzing has found once is tried in every run of the tests; and so are some
//! thousand relatives of it, the same ones each time. They are no substitute for
//! `make fuzz`, which looks where its inputs lead.

use std::path::{Path, PathBuf};

use crate::LAWS;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

/// How many relatives of each corpus are tried. `WARREN_LAWS_RELATIVES` says another number.
const RELATIVES: u32 = 2_000;
const SEED: u64 = 1;

#[test]
fn every_law_holds_for_its_corpus() {
    for (name, law) in LAWS {
        let cases = corpus(name);
        assert!(cases.len() >= 5, "{name} has {} cases", cases.len());
        for (path, case) in cases {
            let held = std::panic::catch_unwind(|| law(&case));
            assert!(held.is_ok(), "{}", path.display());
        }
    }
}

#[test]
fn every_law_holds_for_relatives_of_its_corpus() {
    let number = std::env::var("WARREN_LAWS_RELATIVES").ok().and_then(|text| text.parse().ok());
    for (name, law) in LAWS {
        let cases: Vec<Vec<u8>> = corpus(name).into_iter().map(|(_, case)| case).collect();
        let mut random = StdRng::seed_from_u64(SEED);
        for _ in 0..number.unwrap_or(RELATIVES) {
            let relative = relative(&cases, &mut random);
            let held = std::panic::catch_unwind(|| law(&relative));
            assert!(held.is_ok(), "{name} of {:?}", String::from_utf8_lossy(&relative));
        }
    }
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
    let entries = std::fs::read_dir(&folder).expect("a folder for every law");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let case = std::fs::read(&path).expect("read a case");
            (path, case)
        })
        .collect()
}

/// A case with a few changes.
fn relative(cases: &[Vec<u8>], random: &mut StdRng) -> Vec<u8> {
    let mut bytes = cases.choose(random).expect("a case").clone();
    for _ in 0..random.random_range(1..=4) {
        let place = random.random_range(0..=bytes.len());
        let end = random.random_range(place..=bytes.len().min(place + 16));
        match random.random_range(0..6) {
            // Part of another case, of whatever kind.
            0 => {
                let other = cases.choose(random).expect("a case");
                let from = random.random_range(0..=other.len());
                bytes.splice(place..end, other[from..].iter().copied().take(64));
            }
            1 => drop(bytes.drain(place..end)),
            2 => {
                let repeated = bytes[place..end].repeat(random.random_range(2..20));
                bytes.splice(place..end, repeated);
            }
            3 => bytes.insert(place, random.random()),
            4 => bytes.splice(place..place, *b"\\u0000").for_each(drop),
            _ => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1 << random.random_range(0..8);
                }
            }
        }
    }
    bytes
}
