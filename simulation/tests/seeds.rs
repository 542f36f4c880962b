//! A thousand seeds, and the same seed twice.

use std::io::Write;

use warren_simulation::{Seeds, Summary, run, run_all, silence_panics_made_on_purpose};

/// Row 21 of docs/faults.md. `WARREN_SIMULATION_SEEDS` and `WARREN_SIMULATION_FIRST` choose
/// others.
#[test]
fn nothing_breaks_in_a_thousand_seeds() {
    silence_panics_made_on_purpose();
    let number = |name, default| {
        let text = std::env::var(name).ok();
        text.map_or(default, |text| text.parse().expect("a number"))
    };
    let first = number("WARREN_SIMULATION_FIRST", 0);
    let count = number("WARREN_SIMULATION_SEEDS", 1000);
    let summary = Summary::of(&run_all(Seeds { first, count }));
    // Not by `println!`, which is kept from whoever runs tests that pass.
    writeln!(std::io::stderr(), "{summary}").expect("somewhere to write");
    assert!(summary.failures.is_empty(), "{summary}");
}

/// On another thread, where everything that is random by itself is another.
#[test]
fn seed_decides_everything() {
    silence_panics_made_on_purpose();
    for seed in [1, 2, 3, 5, 8, 13, 21, 34] {
        let once = run(seed, false);
        let again = std::thread::spawn(move || run(seed, false)).join().expect("no panic");
        assert_eq!((once.digest, once.tally), (again.digest, again.tally), "seed {seed}");
    }
}
