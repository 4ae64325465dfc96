//! The one integration binary; see `tests/README.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that cannot go on stops

mod architecture;
mod apply;
mod apply_options;
mod apply_series;
mod cli;
mod cli_ledger;
mod cli_series;
mod declarations;
mod rules_mm;
mod series_am;
mod smpl;
mod verify;
mod series_demo;
mod series_diff;
mod series_git;
mod series_mail;
mod series_states;
mod adaptor;
mod series_tree;
mod case_format;
mod cases;
mod constructs;
mod exec;
mod explain;
mod explain_reasons;
mod metamorphic;
mod outlining;
mod plain;
mod robust;
mod soup;
mod rule_errors;
mod demo;
