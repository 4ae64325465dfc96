//! Facts about one function: how variables are touched, where control goes, what is live.
//!
//! In: a function of a [`Tree`](crate::syntax::Tree) and its [`Scopes`](crate::syntax::Scopes). Out: plain values.
//! Nothing here edits, and nothing looks across functions.

pub mod access;
pub mod bits;
pub mod cfg;
pub mod dominance;
pub mod effects;
pub mod escape;
pub mod facts;
pub mod hazards;
pub mod liveness;
pub mod paths;
pub mod reaching;
pub mod region;

pub use access::{Access, How, Part, accesses};
pub use cfg::{Cfg, CfgId, CfgNode, Edge, EdgeKind, Role};
pub use dominance::{Dominators, Loop, loops};
pub use effects::{EffectClass, Effects};
pub use facts::{Event, Facts};
pub use liveness::Liveness;
pub use reaching::{DefKind, Definition, DefinitionId, Reaching};
pub use region::{ExitKind, Region, RegionExit};

#[cfg(test)]
mod properties;
