//! What is known about macros.
//!
//! In: `#define` directives of C files and of macro files in the form of Coccinelle's `standard.h`. Out:
//! [`MacroDefinition`]s (name, parameters, body), what a body says about uses ([`Meaning`]), and [`MacroKnowledge`]:
//! what a macro's name stands for where the tokens around a use leave it open. It refuses to expand anything.

mod arguments;
mod knowledge;

pub use arguments::{Arguments, Uses};
pub use knowledge::{DefinedAt, Definition, MacroKnowledge};
pub(super) use knowledge::{Known, Layers};

use super::lexer::{Directive, Token, TokenKind, Word, lex};
use crate::source::Span;

/// What a use of a macro stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MacroRole {
    /// Nothing, an attribute, a qualifier or a storage class: it can be left out.
    Attribute,
    /// The head of a loop or of another statement with a body.
    Iterator,
    /// A declaration.
    Declarer,
    /// A statement that needs no semicolon.
    Statement,
    /// A string.
    Text,
    /// A type.
    Type,
}

/// What a body says about the uses of its macro.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The body by itself tells the role.
    Is(MacroRole),
    /// The head of a loop or of another statement.
    Head(Uses),
    /// An expression or a statement that does more with its arguments than to read them.
    Writes(Uses),
    /// It is an attribute if each of these macros is one.
    AttributeIf(Vec<String>),
    /// It is what this other macro is, and hands it these arguments; all, if it has no parameters itself.
    As(String, Option<Uses>),
}

/// A `#define`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MacroDefinition {
    /// The macro's name.
    pub name: String,
    /// Its parameters, `...` included; `None` for a macro without a parameter list.
    pub parameters: Option<Vec<String>>,
    /// The body with continuations as they stand.
    pub body: String,
    /// The directive's bytes.
    pub span: Span,
}

impl MacroDefinition {
    /// Read a directive; `None` if it is not a `#define` with a name.
    pub fn read(text: &[u8], span: Span) -> Option<Self> {
        let directive = text.get(span.range())?;
        let hash = directive.strip_prefix(b"#")?;
        let rest = hash.trim_ascii_start().strip_prefix(b"define")?;
        let offset = span.start as usize + directive.len() - rest.len();
        let tokens = lex(rest);
        let text_of =
            |t: &Token| String::from_utf8_lossy(&rest[t.start as usize..t.end as usize]).into_owned();
        let name_at = tokens.iter().position(|t| matches!(t.kind, TokenKind::Word(_)))?;
        let name = text_of(&tokens[name_at]);
        let mut body_at = name_at + 1;
        let mut parameters = None;
        if tokens.get(body_at).is_some_and(|t| t.kind == TokenKind::LParen) {
            let close = tokens.iter().position(|t| t.kind == TokenKind::RParen).unwrap_or(tokens.len() - 1);
            let inner = tokens.get(body_at + 1..close).unwrap_or_default();
            let is_name = |t: &&Token| matches!(t.kind, TokenKind::Word(_) | TokenKind::Ellipsis);
            parameters = Some(inner.iter().filter(is_name).map(text_of).collect());
            body_at = close + 1;
        }
        let start = tokens.get(body_at).map_or(rest.len(), |t| t.start as usize);
        let body = String::from_utf8_lossy(&rest[start..]).trim().to_owned();
        debug_assert!(offset <= span.end as usize);
        Some(Self { name, parameters, body, span })
    }

    /// The body's tokens, without white space and comments.
    pub fn body_tokens(&self) -> Vec<(TokenKind, &str)> {
        let is_code = |t: &Token| !matches!(t.kind, TokenKind::Space | TokenKind::Comment);
        let tokens = lex(self.body.as_bytes());
        let text = |t: Token| (t.kind, self.body.get(t.start as usize..t.end as usize).unwrap_or_default());
        tokens.into_iter().filter(is_code).map(text).collect()
    }

    /// Whether the body mentions `word` as a token: a keyword such as `return` or `goto`, or a name.
    pub fn mentions(&self, word: &str) -> bool {
        self.body_tokens().iter().any(|(kind, text)| matches!(kind, TokenKind::Word(_)) && *text == word)
    }

    /// Whether a use of the macro can leave the code around it: `return`, `goto`, `break` or `continue`.
    pub fn hides_jump(&self) -> bool {
        self.body_tokens().iter().any(|(kind, _)| *kind == TokenKind::Word(Word::Jump))
    }

    /// What the body says about uses; `None` if a use is an expression that reads its arguments, or anything.
    pub fn meaning(&self) -> Option<Meaning> {
        let tokens = self.body_tokens();
        let uses = || self.parameters.as_ref().map(|parameters| Uses::of(parameters, &tokens));
        if let Some(role) = hint(&tokens) {
            return Some(Meaning::Is(role));
        }
        if tokens.is_empty() {
            let marked = self.parameters.is_none() || self.name.starts_with("__");
            return marked.then_some(Meaning::Is(MacroRole::Attribute));
        }
        if let Some(names) = attributes(&tokens) {
            return Some(match &names[..] {
                [] => Meaning::Is(MacroRole::Attribute),
                [other] if *other == tokens[0].1 && is_alias(&tokens) => Meaning::As(other.clone(), uses()),
                _ => Meaning::AttributeIf(names),
            });
        }
        if self.parameters.is_some() && is_header(&tokens) {
            return uses().map(Meaning::Head);
        }
        if tokens.iter().all(|(kind, _)| *kind == TokenKind::Str) {
            return Some(Meaning::Is(MacroRole::Text));
        }
        let is_type =
            |kind: &TokenKind| matches!(kind, TokenKind::Word(Word::Primitive | Word::StandardType));
        if tokens.iter().all(|(kind, _)| is_type(kind)) {
            return Some(Meaning::Is(MacroRole::Type));
        }
        uses().filter(Uses::tells).map(Meaning::Writes)
    }
}

/// Whether the body is one name, or one call.
fn is_alias(tokens: &[(TokenKind, &str)]) -> bool {
    match tokens {
        [_] => true,
        [_, (TokenKind::LParen, _), rest @ .., (TokenKind::RParen, _)] => {
            !rest.iter().any(|(kind, _)| matches!(kind, TokenKind::Semi | TokenKind::LBrace))
        }
        _ => false,
    }
}

/// Coccinelle's words for what a macro is.
fn hint(tokens: &[(TokenKind, &str)]) -> Option<MacroRole> {
    tokens.iter().find_map(|(_, text)| match *text {
        "YACFE_ITERATOR" => Some(MacroRole::Iterator),
        "YACFE_DECLARATOR" => Some(MacroRole::Declarer),
        "MACROSTATEMENT" | "YACFE_STATEMENT" => Some(MacroRole::Statement),
        "YACFE_STRING" => Some(MacroRole::Text),
        "YACFE_TYPE" => Some(MacroRole::Type),
        "MACROANNOTATION" | "YACFE_ATTRIBUTE" => Some(MacroRole::Attribute),
        _ => None,
    })
}

/// If the body is made of attributes, qualifiers, storage classes and names only: those names.
fn attributes(tokens: &[(TokenKind, &str)]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut i = 0;
    while let Some((kind, text)) = tokens.get(i) {
        let group = match kind {
            TokenKind::Word(Word::Attribute | Word::Asm) => true,
            TokenKind::Word(Word::Storage | Word::Qualifier | Word::Alternate | Word::Extension) => false,
            TokenKind::Word(Word::Ident) => {
                names.push((*text).to_owned());
                tokens.get(i + 1).is_some_and(|(k, _)| *k == TokenKind::LParen)
            }
            TokenKind::LBracket => true,
            _ => return None,
        };
        i += if *kind == TokenKind::LBracket { 0 } else { 1 };
        if group {
            i = after_group(tokens, i);
        }
    }
    Some(names)
}

/// The index after the group that opens at `at`.
fn after_group(tokens: &[(TokenKind, &str)], at: usize) -> usize {
    let mut depth = 0usize;
    for (i, (kind, _)) in tokens.iter().enumerate().skip(at) {
        match kind {
            TokenKind::LParen | TokenKind::LBracket | TokenKind::LBrace => depth += 1,
            TokenKind::RParen | TokenKind::RBracket | TokenKind::RBrace => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return i + 1;
        }
    }
    tokens.len()
}

/// Whether the body is the head of a statement: it ends with `for (…)`, `if (…)`, `else` or the like.
fn is_header(tokens: &[(TokenKind, &str)]) -> bool {
    match tokens.last() {
        Some((TokenKind::Word(Word::Prefix), "else")) => true,
        Some((TokenKind::RParen, _)) => {
            let mut depth = 0usize;
            for (i, (kind, _)) in tokens.iter().enumerate().rev() {
                match kind {
                    TokenKind::RParen => depth += 1,
                    TokenKind::LParen => {
                        depth = depth.saturating_sub(1);
                        if depth == 0 {
                            let head =
                                i.checked_sub(1).filter(|at| tokens[*at].0 == TokenKind::Word(Word::Header));
                            return head.is_some_and(|at| !ends_do(tokens, at));
                        }
                    }
                    _ => {}
                }
            }
            false
        }
        _ => false,
    }
}

/// Whether the keyword at `at` is the `while` that ends a `do`.
fn ends_do(tokens: &[(TokenKind, &str)], at: usize) -> bool {
    // By bracket: statements `do` that wait for their `while`.
    let mut waiting: Vec<usize> = vec![0];
    for (i, (kind, text)) in tokens.iter().enumerate().take(at + 1) {
        match (kind, *text) {
            (TokenKind::LBrace | TokenKind::LParen, _) => waiting.push(0),
            (TokenKind::RBrace | TokenKind::RParen, _) if waiting.len() > 1 => drop(waiting.pop()),
            (TokenKind::Word(_), "do") => waiting.iter_mut().next_back().into_iter().for_each(|w| *w += 1),
            (TokenKind::Word(_), "while") => {
                let open = waiting.last().copied().unwrap_or(0);
                if i == at {
                    return open > 0;
                }
                waiting.iter_mut().next_back().into_iter().for_each(|w| *w = open.saturating_sub(1));
            }
            _ => {}
        }
    }
    false
}

/// The `#define`s of a text in order.
pub fn definitions(text: &[u8]) -> Vec<MacroDefinition> {
    definitions_among(text, &lex(text))
}

pub(super) fn definitions_among(text: &[u8], tokens: &[Token]) -> Vec<MacroDefinition> {
    tokens
        .iter()
        .filter(|t| t.kind == TokenKind::Directive(Directive::Define))
        .filter_map(|t| MacroDefinition::read(text, Span { start: t.start, end: t.end }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(define: &str) -> Option<MacroRole> {
        let mut known = MacroKnowledge::empty();
        known.read_source(define);
        known.role(&definitions(define.as_bytes())[0].name).map(|(role, _)| role)
    }

    #[test]
    fn bodies_tell_the_role() {
        assert_eq!(role("#define __cold __attribute__((__cold__))"), Some(MacroRole::Attribute));
        assert_eq!(role("#define STATIC static inline"), Some(MacroRole::Attribute));
        assert_eq!(role("#define each(x) for (x = 0; f(x); \\\n x++)"), Some(MacroRole::Iterator));
        assert_eq!(role("#define each(x) if (!f(x)) {} else"), Some(MacroRole::Iterator));
        assert_eq!(role("#define each(x) do { f(x); } while (0); while (g(x))"), Some(MacroRole::Iterator));
        for once in [
            "do { f(x); } while (0)",
            "do f(x); while (g(x))",
            "({ do { } while (x); }), do { while (x) y(); } while (0)",
        ] {
            assert_eq!(role(&format!("#define once(x) {once}")), None, "{once}");
        }
        assert_eq!(role("#define FMT \"%d\" \"%s\""), Some(MacroRole::Text));
        assert_eq!(role("#define T(n) YACFE_DECLARATOR"), Some(MacroRole::Declarer));
        assert_eq!(role("#define max(a, b) ((a) > (b) ? (a) : (b))"), None);
    }

    #[test]
    fn names_in_bodies_count_wherever_they_are_defined() {
        let marks =
            "#define EARLY IN(\".x\") COLD\n#define IN(s) __attribute__((section(s)))\n#define COLD\n";
        assert_eq!(role(marks), Some(MacroRole::Attribute));
        assert_eq!(role("#define EARLY IN(\".x\") COLD\n#define COLD\n"), None);
        let each = "#define each(x) each_of(x, 1)\n#define each_of(x, n) for (x = n; x; x--)";
        assert_eq!(role(each), Some(MacroRole::Iterator));
        assert_eq!(role("#define a b\n#define b a\n"), None);
    }

    #[test]
    fn parameters_and_hidden_jumps_are_readable() {
        let all = definitions(b"#define TRY(x, args...) do { if (x) goto out; } while (0)\n#define A (1)");
        assert_eq!(all[0].parameters.as_deref(), Some(&["x", "args", "..."].map(String::from)[..]));
        assert!(all[0].hides_jump() && all[0].mentions("out") && !all[0].mentions("return"));
        assert_eq!((all[1].parameters.as_ref(), all[1].body.as_str()), (None, "(1)"));
    }
}
