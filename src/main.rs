//! The binary; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    match yueke::cli::run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("yueke: {error:#}");
            ExitCode::FAILURE
        }
    }
}
