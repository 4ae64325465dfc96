//! The shape of a type: its words in one spelling, and the pointers and arrays around them.
//!
//! In: words of C, numbers. Out: a [`Shape`]; names of types stay names here.

/// A type: its words and its layers of pointers and arrays, the arrays outside. An array does not become a pointer to its
/// first element: what a rule says about pointers (such as `sizeof` of one) would be wrong for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The words, without qualifiers.
    pub base: String,
    /// The qualifiers of the words.
    pub qualifiers: String,
    /// Pointers.
    pub stars: usize,
    /// Arrays.
    pub arrays: usize,
    /// Of a function what it returns; its parameters stand behind the words.
    pub returns: Option<Box<Shape>>,
    /// Of a bit field its width as it is written.
    pub bits: Option<String>,
}

impl Shape {
    pub(super) fn new(base: &str, stars: usize) -> Self {
        let qualifiers: Vec<&str> =
            base.split_whitespace().filter(|w| matches!(*w, "const" | "volatile")).collect();
        let qualifiers = qualifiers.join(" ");
        let base = squeeze(base);
        let base = arithmetic(&base).unwrap_or(base);
        Self { base, qualifiers, stars, arrays: 0, returns: None, bits: None }
    }

    /// What a function is that has these parameters, brackets included, and returns this.
    pub(super) fn function(self, parameters: &str) -> Self {
        let stars = "*".repeat(self.layers());
        let base = squeeze(&format!("{} {stars}{parameters}", self.base));
        Self { base, returns: Some(Box::new(self)), ..Self::new("", 0) }
    }

    /// The same, a function as a pointer to it.
    pub(super) fn decayed(self) -> Self {
        let is_function = self.returns.is_some() && self.layers() == 0;
        Self { stars: self.stars + usize::from(is_function), ..self }
    }

    pub(super) fn layers(&self) -> usize {
        self.stars + self.arrays
    }

    pub(super) fn render(&self, stars: usize) -> String {
        squeeze(&format!("{} {}", self.base, "*".repeat(stars)))
    }

    /// As it is written, qualifiers included.
    pub(super) fn qualified(&self, stars: usize) -> String {
        format!("{} {}", self.qualifiers, self.render(stars)).trim_start().to_owned()
    }
}

pub(super) fn squeeze(text: &str) -> String {
    let text = text.replace('*', " * ");
    let words = text
        .split_whitespace()
        .filter(|w| !matches!(*w, "const" | "volatile" | "static" | "register" | "extern"));
    words.collect::<Vec<_>>().join(" ").replace("* *", "**")
}

const ARITHMETIC: [&str; 9] =
    ["unsigned", "signed", "short", "long", "int", "char", "float", "double", "_Bool"];

pub(super) fn is_arithmetic(words: &str) -> bool {
    !words.is_empty() && words.split_whitespace().all(|w| ARITHMETIC.contains(&w))
}

/// An arithmetic type in one spelling: `long unsigned int` is `unsigned long`.
pub(in crate::matcher) fn arithmetic(base: &str) -> Option<String> {
    if !is_arithmetic(base) {
        return None;
    }
    let words: Vec<&str> = base.split_whitespace().collect();
    let count = |w: &str| words.iter().filter(|x| **x == w).count();
    let mut out: Vec<&str> = Vec::new();
    if count("unsigned") > 0 {
        out.push("unsigned");
    }
    if count("signed") > 0 && count("char") > 0 {
        out.push("signed");
    }
    out.extend(std::iter::repeat_n("short", count("short")));
    out.extend(std::iter::repeat_n("long", count("long")));
    out.extend(["char", "float", "double", "_Bool"].into_iter().filter(|w| count(w) > 0));
    if out.is_empty() || out == ["unsigned"] {
        out.push("int");
    }
    Some(out.join(" "))
}

/// The type of an operation on two numbers.
pub(super) fn common(a: &Shape, b: &Shape) -> Shape {
    const ORDER: [&str; 9] = [
        "long double",
        "double",
        "float",
        "unsigned long long",
        "long long",
        "unsigned long",
        "long",
        "unsigned int",
        "int",
    ];
    if !is_arithmetic(&a.base) || !is_arithmetic(&b.base) || a.layers() + b.layers() > 0 {
        return a.clone();
    }
    let first = ORDER.into_iter().find(|t| *t == a.base || *t == b.base);
    Shape::new(first.unwrap_or("int"), 0)
}

/// The type of a number as it is written.
pub(super) fn literal(text: &str) -> Shape {
    let lower = text.to_ascii_lowercase();
    let hex = lower.starts_with("0x");
    if !hex && lower.contains(['.', 'e']) {
        return Shape::new(if lower.ends_with('f') { "float" } else { "double" }, 0);
    }
    let suffix =
        lower.trim_start_matches(
            |c: char| if hex { c.is_ascii_hexdigit() || c == 'x' } else { c.is_ascii_digit() },
        );
    let longs = suffix.matches('l').count();
    let unsigned = if suffix.contains('u') { "unsigned " } else { "" };
    Shape::new(&format!("{unsigned}{}int", "long ".repeat(longs)), 0)
}
