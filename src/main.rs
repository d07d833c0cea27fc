//! The binary; everything is in the library.

use std::process::ExitCode;

/// A booking is many small allocations that cross threads, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    refuse_huge_pages();
    match yueke::cli::run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("yueke: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// The kernel clears a huge page of 2 MiB in the midst of the request that first touches it, which
/// takes milliseconds where a machine is virtual. Small ones come one by one.
fn refuse_huge_pages() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        eprintln!("yueke: goes on with huge pages: {error}");
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
