//! The binary; everything is in the library.

use std::process::ExitCode;

/// A booking is many small allocations that cross threads, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match yueke::cli::run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("yueke: {error:#}");
            ExitCode::FAILURE
        }
    }
}
