//! A graph in words, for snapshots and for people.

use super::{Cfg, CfgNode, EdgeKind, Role};

/// A line per node: index, what it is, where it leads.
pub(super) fn listing(cfg: &Cfg<'_>) -> String {
    let reachable = cfg.reachable();
    let mut out = String::new();
    for node in &cfg.nodes {
        let edges: Vec<_> = node.successors.iter().map(|e| format!("{}{}", edge(e.kind), e.to.0)).collect();
        let arrow = if edges.is_empty() { "" } else { " -> " };
        let mark = if reachable[node.id.0 as usize] { "" } else { " (unreachable)" };
        out.push_str(&format!("{} {}{mark}{arrow}{}\n", node.id.0, title(node), edges.join(", ")));
    }
    out
}

fn edge(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Next => "",
        EdgeKind::True => "true ",
        EdgeKind::False => "false ",
        EdgeKind::Case => "case ",
        EdgeKind::NoCase => "no case ",
        EdgeKind::Loop => "loop ",
        EdgeKind::Jump => "jump ",
        EdgeKind::Arm => "arm ",
        EdgeKind::NoArm => "no arm ",
    }
}

fn title(node: &CfgNode<'_>) -> String {
    let part = node.part.map(|p| line(p.text())).unwrap_or_default();
    match node.role {
        Role::Entry => "entry".into(),
        Role::Exit => "exit".into(),
        Role::BlockBegin => "{".into(),
        Role::BlockEnd => "}".into(),
        Role::Statement | Role::Declaration | Role::Return => line(node.syntax.text()),
        Role::Goto | Role::Break | Role::Continue => line(node.syntax.text()),
        Role::If => format!("if {part}"),
        Role::While => format!("while {part}"),
        Role::Do => "do".into(),
        Role::DoWhile => format!("do-while {part}"),
        Role::ForInit => format!("for init {part}"),
        Role::For => format!("for {part}").trim_end().into(),
        Role::ForUpdate => format!("for update {part}"),
        Role::IteratorInit => format!("init {}", header(node)),
        Role::Iterator => header(node),
        Role::Switch => format!("switch {part}"),
        Role::Case => format!("case {part}:"),
        Role::Default => "default:".into(),
        Role::Label => format!("{}:", line(node.syntax.text().split(':').next().unwrap_or_default())),
        Role::Conditional => line(node.syntax.text().lines().next().unwrap_or_default()),
        Role::After => format!("after {}", node.syntax.kind().name().trim_end_matches("_statement")),
        Role::Opaque => format!("opaque {}", line(node.syntax.text())),
    }
}

fn header(node: &CfgNode<'_>) -> String {
    use crate::syntax::Field;
    let end = node.syntax.child(Field::Body).map_or(node.syntax.span().end, |b| b.span().start);
    let span = crate::source::Span { start: node.syntax.span().start, end };
    format!("iterate {}", line(node.syntax.tree().source().slice(span)))
}

fn line(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}
