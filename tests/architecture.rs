//! The map of `lib.rs` holds: modules import upward only, fences stand, `src/` names nothing of the kernel.
