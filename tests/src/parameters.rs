//! How much the trials of faults break, and by which chance. `make faults` says how
//! many minutes and which seed; in a run of everything each trial is short.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

/// What a run without a seed begins with.
const SEED: u64 = 1;

static PARAMETERS: LazyLock<Parameters> = LazyLock::new(Parameters::read);

/// Read once from the environment.
pub struct Parameters {
    minutes: Option<u32>,
    seed: u64,
}

/// The parameters of this run.
pub fn parameters() -> &'static Parameters {
    &PARAMETERS
}

impl Parameters {
    fn read() -> Self {
        let minutes = number("WARREN_FAULTS_MINUTES");
        let seed = number("WARREN_FAULTS_SEED").unwrap_or(SEED);
        Self { minutes: minutes.map(|minutes| minutes.try_into().expect("some minutes")), seed }
    }

    /// Whether faults are set and nothing else is tested: `make faults`.
    pub fn alone(&self) -> bool {
        self.minutes.is_some()
    }

    /// What a trial does in its short form, or in its long one.
    pub fn either<T>(&self, short: T, long: T) -> T {
        match self.minutes {
            None => short,
            Some(_) => long,
        }
    }

    /// How long a load is kept up.
    pub fn length(&self, short: Duration) -> Duration {
        self.minutes.map_or(short, |minutes| minutes * Duration::from_mins(1))
    }

    /// How much longer than usual a test may take.
    pub fn patience(&self) -> Duration {
        self.minutes.map_or(Duration::ZERO, |minutes| (2 * minutes + 15) * Duration::from_mins(1))
    }

    /// A chance of a trial's own: the same for the same seed, whatever ran before.
    pub fn chance(&self, of: &str) -> StdRng {
        println!("chance of {of}: WARREN_FAULTS_SEED={}", self.seed);
        let mut hasher = DefaultHasher::new();
        (self.seed, of).hash(&mut hasher);
        StdRng::seed_from_u64(hasher.finish())
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a whole number, not {text:?}")))
}
