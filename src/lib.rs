//! Vedalia: a semantic patch engine for C that ends in mail-ready patch series.

pub mod cli;
pub mod diagnostic;
pub mod edit;
pub mod engine;
pub mod flow;
pub mod matcher;
pub mod outline;
pub mod plan;
pub mod series;
pub mod smpl;
pub mod source;
pub mod syntax;
pub mod verify;
pub mod walk;
