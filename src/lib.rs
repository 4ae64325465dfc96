//! Vedalia: a semantic patch engine for C that ends in mail-ready patch series.

pub mod source;
pub mod diagnostic;
pub mod syntax;
pub mod flow;
pub mod smpl;
pub mod matcher;
pub mod edit;
pub mod plan;
pub mod walk;
pub mod outline;
pub mod verify;
pub mod engine;
pub mod series;
pub mod cli;
