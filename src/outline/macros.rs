//! Macros of the file, and calls, that would mean something else in a callback.
//!
//! In: a walk and the names of its function and file. Out: nothing, or the refusal of the first macro in the
//! moved code that jumps, names variables of the function, or writes a variable that it is given by name; or
//! of the first call that is about its own frame, or of a function that is not declared yet. Macros that the
//! file does not define are not known and pass.
//!
//! Capability 18 (tests/README.md): conditional regions, macros.

use super::captures::Captures;
use super::names::Names;
use crate::flow::hazards::{Hazard, HazardKind, hazards};
use crate::plan::outlining::fit;
use crate::syntax::file_scope::FileScope;
use crate::syntax::scope::{DeclId, Scopes};
use crate::walk::{Refusal, RefusalCode, Walk};

/// Look for them.
pub fn check<'t>(walk: &Walk<'t>, scopes: &Scopes<'t>, file: &FileScope<'t>) -> Result<(), Refusal> {
    for (piece, _) in &walk.body.pieces {
        for node in piece.nodes() {
            let all = hazards(node, scopes, file);
            let any = |h: &&Hazard<'_>| matches!(h.kind, HazardKind::Jumps | HazardKind::NamesLocal(_));
            if let Some(hazard) = all.iter().find(any) {
                return Err(refusal(hazard, scopes));
            }
            if let Some((call, why)) = fit::tied_call(node, walk.site.function, scopes, file) {
                return Err(Refusal::new(RefusalCode::CaptureNotPossible, call.span(), why));
            }
        }
    }
    Ok(())
}

/// Look for macros that write a variable of the function around the walk, or show what it is called.
pub fn check_captured<'t>(
    walk: &Walk<'t>,
    scopes: &Scopes<'t>,
    file: &FileScope<'t>,
    captures: &Captures,
    names: &Names,
) -> Result<(), Refusal> {
    // A parameter of the callback may have the variable's name.
    let parameters =
        [(Some(walk.site.offset), &names.offset), (walk.body.piece_names.first().copied(), &names.size)];
    let keeps = |id: DeclId| {
        parameters.iter().any(|(of, name)| *of == Some(id) && scopes.declaration(id).name == name.as_str())
    };
    let nodes = walk.body.pieces.iter().flat_map(|(piece, _)| piece.nodes());
    let all = nodes.flat_map(|node| hazards(node, scopes, file));
    let elsewhere = |id: DeclId| !captures.own.contains(&id) && !captures.inside.contains(&id);
    let outside = |hazard: &Hazard<'_>| match hazard.kind {
        HazardKind::WritesArgument(id) => elsewhere(id) && id != walk.site.offset,
        HazardKind::SpellsOut(id) => elsewhere(id) && !keeps(id),
        HazardKind::Jumps | HazardKind::NamesLocal(_) => false,
    };
    all.into_iter().find(outside).map_or(Ok(()), |hazard| Err(refusal(&hazard, scopes)))
}

fn refusal(hazard: &Hazard<'_>, scopes: &Scopes<'_>) -> Refusal {
    let code = match hazard.kind {
        HazardKind::Jumps | HazardKind::NamesLocal(_) => RefusalCode::MacroHidesJump,
        HazardKind::WritesArgument(_) | HazardKind::SpellsOut(_) => RefusalCode::CaptureNotPossible,
    };
    Refusal::new(code, hazard.node.span(), fit::hazard(hazard, scopes))
}

#[cfg(test)]
mod tests {
    use crate::outline::testing::{converted, refused};
    use crate::walk::testing::changed;

    fn with(definition: &str) -> String {
        let body = ("see(object,", "LOOK(object);\n\t\t\tsee(object,");
        changed(&[("int each(", &format!("{definition}\n\nint each(")), body])
    }

    #[test]
    fn a_macro_that_knows_its_arguments_only_moves() {
        assert!(converted(&with("#define LOOK(x) look(x)")).contains("\tLOOK(object);\n"));
    }

    #[test]
    fn a_macro_that_jumps_or_knows_a_local_does_not() {
        assert_eq!(refused(&with("#define LOOK(x) if (look(x)) return -EIO")), "macro-hides-jump");
        assert_eq!(refused(&with("#define LOOK(x) look(x, off)")), "macro-hides-jump");
    }
}
