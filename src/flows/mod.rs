//! Work that crosses owners, in steps that may be repeated: a crash between two of them is made
//! good by running them again.

pub mod clock;
pub mod plan;
pub mod transfer;
