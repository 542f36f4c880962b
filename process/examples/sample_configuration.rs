//! Prints the sample configuration, which is checked in as `warren.example.toml`.

use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(warren_process::configuration::sample().as_bytes())
}
