//! What the text of a rule says about its code.
//!
//! In: a rule. Out: which of its minus tokens stand together, and behind which headers a statement without braces follows.

use crate::smpl::compile::CompiledRule;
use crate::smpl::token::{Mark, TokenKind};
use std::collections::{HashMap, HashSet};

/// What the text of a rule says about its tokens.
#[derive(Clone, Debug)]
pub(super) struct RuleText {
    /// For each token the run of minus code it belongs to: dots that stay end one.
    pub runs: HashMap<u32, u32>,
    /// The tokens that stay and that no block follows: what the rule adds behind the statement that follows is not in it.
    pub headers: HashSet<u32>,
}

impl RuleText {
    /// Read it.
    pub(super) fn of(rule: &CompiledRule) -> Self {
        Self { runs: runs(rule), headers: headers(rule) }
    }
}

fn runs(rule: &CompiledRule) -> HashMap<u32, u32> {
    let mut ids: Vec<u32> = rule.texts.keys().copied().collect();
    ids.sort_unstable();
    let mut run = 0;
    let mut out = HashMap::new();
    for id in ids {
        let dots = matches!(rule.texts[&id].as_str(), "..." | "<..." | "...>" | "<+..." | "...+>");
        if dots && rule.marks.get(&id) != Some(&Mark::Minus) {
            run += 1;
        } else {
            out.insert(id, run);
        }
    }
    // A removed brace behind a header that stays belongs to the header's line.
    let header = |id: u32| {
        let before = id.checked_sub(1);
        let text = before.and_then(|b| rule.texts.get(&b)).map(String::as_str);
        let stays = before.is_some_and(|b| rule.marks.get(&b) == Some(&Mark::Context));
        stays && matches!(text, Some(")" | "else"))
    };
    for (id, _) in rule.texts.iter().filter(|(id, text)| *text == "{" && header(**id)) {
        out.insert(*id, u32::MAX - *id);
    }
    out
}

fn headers(rule: &CompiledRule) -> HashSet<u32> {
    let minus = |id: u32| rule.marks.get(&id) == Some(&Mark::Minus);
    let given = rule.texts.iter().filter(|(id, _)| !minus(**id)).map(|(id, text)| (*id, text.as_str()));
    let code = rule.plus.iter().flat_map(|plus| &plus.atoms).filter(|a| a.kind != TokenKind::Comment);
    let mut all: Vec<(u32, &str)> = given.chain(code.map(|a| (a.id, a.text.as_str()))).collect();
    all.sort_unstable();
    let bare = all.windows(2).filter(|pair| pair[1].1 != "{" && rule.marks.contains_key(&pair[0].0));
    bare.map(|pair| pair[0].0).collect()
}
