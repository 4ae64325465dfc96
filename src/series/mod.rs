//! From changed files to commits, mails and the line that sends them.
//!
//! In: a [`draft::Draft`] – the base commit, what each patch does in words and which files it leaves how – and a
//! repository. Out: a chain of commits whose branch is created last, and a directory of mails equal to what
//! `git format-patch` writes for them. It refuses what would be lost or changed on the way (see [`error`]), and never
//! touches the work tree, the index or `HEAD`.
//!
//! The stages, in reading order: [`split`] groups sites into patches, [`material`] makes a [`draft`] of them;
//! [`prefix`] and [`message`] find the words; [`repo`] makes commits and diffs; [`mail`] writes files;
//! [`recipients`] asks the tree who should get them; [`output`] puts a directory in its place; [`assemble`] does all of
//! it in order. [`diff`] is the dry run's unified diff and takes no part in a series.
//!
//! Capability 21 (tests/README.md): the series.

pub mod attributes;
pub mod date;
pub mod draft;
pub mod error;
pub mod file_diff;
pub mod function_text;
pub mod renames;
pub mod quote;
pub mod glob;
pub mod split;
pub mod prefix;
pub mod material;
pub mod message;
pub mod mail;
pub mod repo;
pub mod recipients;
pub mod output;
pub mod assemble;
pub mod diff;
