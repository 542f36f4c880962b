//! How close Warren comes to what its parts could do at best: Warren and the bare limits
//! are measured in the same run, in turn, and set against each other.

mod arguments;
mod bare;
mod load;
mod measure;
mod report;
mod stage;
mod work;

use clap::Parser;

use arguments::{Arguments, Command};

fn main() {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    match arguments.command {
        Some(Command::BareSockets) => runtime.block_on(bare::sockets::serve()),
        None => {
            runtime.block_on(work::run(&arguments));
            warren_tests::guardian::finish();
        }
    }
}
