//! The one integration binary; see `tests/README.md`.

mod architecture;
