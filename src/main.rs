//! The binary; everything is in the library.

use std::process::ExitCode;

/// A booking is many small allocations that cross threads, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match yueke::cli::run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("yueke: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// With its causes, each told once: some errors tell theirs themselves.
fn told(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| match () {
        () if told.is_empty() => cause,
        () if told.contains(&cause) => told,
        () => format!("{told}: {cause}"),
    })
}
