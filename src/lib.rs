//! Vedalia: a semantic patch engine for C that ends in mail-ready patch series.
//!
//! A kernel developer gives it rules and a git tree. It finds the code that the rules describe, rewrites it, proves what
//! it can about each rewrite, says plainly where it will not touch the code and why, and writes a series of commits and
//! mails that `git am`, `git send-email`, `b4` and `checkpatch.pl` accept.
//!
//! # Architecture
//!
//! ```text
//!  rules/**/*.cocci ─▶ smpl ─▶ Rule ────────┐
//!                                            ▼
//!  tree (git commit) ─▶ source ─▶ syntax ─▶ matcher ─▶ Match
//!                                 (Tree)  ▲    │
//!                                  flow ──┘    ├─▶ plus code ─▶ Change ─┐
//!                            (Cfg, facts)      └─▶ outline ─▶ Change ───┤   or a refusal ─▶ diagnostic
//!                                                                       ▼
//!                                               plan ─▶ TextEdit ─▶ new text ─▶ verify ─▶ verdict
//!                                                                       ▼
//!                                               engine ─▶ Outcome (sites, introductions, ledger)
//!                                                                       ▼
//!                                               series ─▶ commits, patches, cover letter ─▶ cli
//! ```
//!
//! Plain values flow one way through stages that do no I/O; nothing is edited until a plan is known to be consistent. Only
//! the rim touches the world: [`cli`] (people), `series::repo` (git and files), `verify::build` (the compiler), [`engine`]
//! (threads). The modules stand below in reading order, and **a file imports only from modules above its own**;
//! `tests/architecture.rs` enforces that, the fences around the dependencies, and that nothing here names the kernel:
//! what a walk over some kernel's objects looks like is data under `rules/`.
//!
//! # Invariants
//!
//! 1. Parsing never fails: it returns a tree and diagnostics.
//! 2. A [`source::Span`] refers to the original text until the edits are applied; bytes outside planned spans stay identical.
//! 3. A change is atomic; a refusal leaves its bytes alone; two changes that overlap are both reported.
//! 4. Same inputs, same bytes: results are ordered by path, offset and rule; no map's order and no clock reaches the output.
//! 5. The work tree, index and HEAD of the user's repository are not touched by a series; the branch is created last.
//! 6. The library neither prints nor exits (only [`cli`] does), and has no global mutable state.

pub mod source;
pub mod diagnostic;
pub mod syntax;
pub mod flow;
pub mod smpl;
pub mod matcher;
pub mod script;
pub mod edit;
pub mod plan;
pub mod walk;
pub mod outline;
pub mod verify;
pub mod engine;
pub mod series;
pub mod cli;
