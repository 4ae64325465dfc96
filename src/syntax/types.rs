//! The type of a declarator, spelled as the source spells it.
//!
//! In: the name in a declarator, or a type name such as a cast's. Out: a [`WrittenType`] that can declare another
//! name of the same type. Nothing is resolved: a typedef's name stays a name, annotation macros among the specifiers
//! stay, and storage classes are set aside. It refuses nothing; [`WrittenType::has_anonymous_aggregate`] and
//! [`WrittenType::is_typeof`] tell when the spelling is no good elsewhere.
//!
//! Capability 7 (tests/README.md): types of fields and parameters.

mod specifiers;

use super::declarator::{Layer, climb, declared_name, inner_declarator, layer_of, squeeze};
use super::kind::{Field, Kind};
use super::tree::Node;
pub use specifiers::width as bits_in_name;
use specifiers::{base_of_words, drop_word, is_tagged, specifier_text, width, words};

/// How a declared thing is stored or linked; at most one is kept per declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Storage {
    /// `static`, alone or with a thread-local marker.
    Static,
    /// `extern`.
    Extern,
    /// `register`.
    Register,
    /// `thread_local` and its older spellings.
    ThreadLocal,
    /// `auto`.
    Auto,
    /// `typedef`: the declarator names a type.
    Typedef,
}

/// What stands at the bottom of a type, under pointers, arrays and functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TypeBase {
    /// `void`.
    Void,
    /// `int`, `unsigned long`, `bool`, `size_t` …
    Arithmetic,
    /// `struct …`.
    Struct,
    /// `union …`.
    Union,
    /// `enum …`.
    Enum,
    /// A name that only its typedef explains.
    Named,
    /// `typeof`, `__auto_type`, or a macro with arguments: the spelling depends on the place.
    Computed,
    /// No specifier was written (old C's `int`).
    Implicit,
}

/// A declared type as written; comparing two compares spellings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WrittenType {
    specifiers: String,
    base: TypeBase,
    tag: Option<String>,
    /// From the name outwards: `int *a[3]` is array, then pointer.
    layers: Vec<Layer>,
    bits: Option<String>,
    storage: Option<Storage>,
    anonymous: bool,
}

impl WrittenType {
    /// The type of the name `ident` in its declarator: of a variable, parameter, field, typedef or function.
    /// `None` when `ident` does not stand in a declarator.
    pub fn of_name(ident: Node<'_>) -> Option<Self> {
        let (layers, holder, top) = climb(ident)?;
        let bits = top.next_sibling().filter(|n| n.is(Kind::BitfieldClause));
        let bits = bits.map(|n| squeeze(n.text().trim_start_matches(':')));
        Some(Self { bits, ..Self::of_specifiers(holder, layers) })
    }

    /// The type that a type name (a cast's, an operand of `sizeof`) or a parameter without a name spells.
    pub fn of_type_name(descriptor: Node<'_>) -> Option<Self> {
        if !matches!(descriptor.kind(), Kind::TypeDescriptor | Kind::ParameterDeclaration) {
            return None;
        }
        let Some(mut innermost) = descriptor.child(Field::Declarator) else {
            return Some(Self::of_specifiers(descriptor, Vec::new()));
        };
        while let Some(inner) = inner_declarator(innermost) {
            innermost = inner;
        }
        let mut layers: Vec<Layer> = layer_of(innermost, None).into_iter().collect();
        layers.extend(climb(innermost)?.0);
        Some(Self::of_specifiers(descriptor, layers))
    }

    /// The type that an argument of a macro spells; a lone name is taken for one.
    pub fn of_argument(argument: Node<'_>) -> Option<Self> {
        match argument.kind() {
            Kind::TypeArgument => argument.child_of(Kind::TypeDescriptor).and_then(Self::of_type_name),
            Kind::Identifier => {
                let specifiers = argument.text().into();
                Some(Self { specifiers, base: TypeBase::Named, ..Self::implicit_int() })
            }
            _ => None,
        }
    }

    /// What a function returns. Attributes belong to the function and go, except one between the type and a `*`,
    /// which is taken for an annotation of what is pointed to.
    pub fn returned_by(function: Node<'_>) -> Option<Self> {
        const QUALIFIERS: &[&str] = &["const", "volatile", "restrict", "__restrict__", "_Atomic"];
        let ident = declared_name(function.child(Field::Declarator)?)?;
        let mut ty = Self::of_name(ident)?;
        match ty.layers.first() {
            Some(Layer::Function { .. }) => ty.layers.remove(0),
            _ => return None,
        };
        if let Some(Layer::Pointer { qualifiers }) = ty.layers.first_mut() {
            let kept: Vec<&str> = qualifiers.split(' ').filter(|w| QUALIFIERS.contains(w)).collect();
            *qualifiers = kept.join(" ");
        }
        let behind =
            |a: &Node<'_>| function.child(Field::Type).is_some_and(|t| t.span().end <= a.span().start);
        let attributes = function
            .children()
            .filter(|c| matches!(c.kind(), Kind::MacroAttribute | Kind::AttributeSpecifier));
        let is_pointer = ty.is_pointer();
        let dropped = attributes.filter(|a| !(behind(a) && is_pointer && a.is(Kind::MacroAttribute)));
        for attribute in dropped.map(|a| squeeze(a.text())) {
            ty.specifiers = squeeze(&ty.specifiers.replacen(&attribute, "", 1));
        }
        Some(ty)
    }

    /// The implicit `int` of a parameter that old C leaves undeclared.
    pub fn implicit_int() -> Self {
        Self {
            specifiers: "int".into(),
            base: TypeBase::Arithmetic,
            tag: None,
            layers: Vec::new(),
            bits: None,
            storage: None,
            anonymous: false,
        }
    }

    fn of_specifiers(holder: Node<'_>, layers: Vec<Layer>) -> Self {
        let specifier = holder.child(Field::Type);
        let aggregate = specifier.filter(|s| is_tagged(s.kind()));
        let tag = aggregate.and_then(|s| s.child(Field::Name)).map(|n| n.text().to_owned());
        let anonymous = aggregate.is_some() && tag.is_none();
        let (specifiers, storage) = specifier_text(holder);
        let base = match specifier.map(Node::kind) {
            Some(Kind::StructSpecifier) => TypeBase::Struct,
            Some(Kind::UnionSpecifier) => TypeBase::Union,
            Some(Kind::EnumSpecifier) => TypeBase::Enum,
            Some(Kind::MacroTypeSpecifier) => TypeBase::Computed,
            Some(Kind::PrimitiveType | Kind::SizedTypeSpecifier)
                if specifier.is_none_or(|s| s.text() != "void") =>
            {
                TypeBase::Arithmetic
            }
            _ => base_of_words(&specifiers),
        };
        Self { specifiers, base, tag, layers, bits: None, storage, anonymous }
    }

    /// The declaration of `name` with this type, without a semicolon: `struct s **name`, `int (*name)(void)`.
    pub fn declare(&self, name: &str) -> String {
        let mut out = name.to_owned();
        let mut after_pointer = false;
        for layer in &self.layers {
            match layer {
                Layer::Pointer { qualifiers } if qualifiers.is_empty() => out.insert(0, '*'),
                Layer::Pointer { qualifiers } if out.is_empty() => out = format!("*{qualifiers}"),
                Layer::Pointer { qualifiers } => out = format!("*{qualifiers} {out}"),
                _ if after_pointer => out = format!("({out})"),
                _ => {}
            }
            match layer {
                Layer::Pointer { .. } => {}
                Layer::Array { size } => out = format!("{out}[{size}]"),
                Layer::Function { parameters } => out.push_str(parameters),
            }
            after_pointer = matches!(layer, Layer::Pointer { .. });
        }
        if let Some(bits) = &self.bits {
            out = format!("{out} : {bits}");
        }
        match (self.specifiers.is_empty(), out.is_empty()) {
            (true, _) => out,
            (_, true) => self.specifiers.clone(),
            _ => format!("{} {out}", self.specifiers),
        }
    }

    /// The type name alone, as a cast needs it: `struct s **`, `int (*)(void)`.
    pub fn type_name(&self) -> String {
        self.declare("")
    }

    /// The declaration of `name` as a pointer to this type.
    pub fn pointer_to(&self, name: &str) -> String {
        self.pointer().declare(name)
    }

    /// The declaration of `name` as one element, when this is an array.
    pub fn array_element_declare(&self, name: &str) -> Option<String> {
        Some(self.element()?.declare(name))
    }

    /// A pointer to this type; a bit-field's width is dropped (there is no pointer to one).
    pub fn pointer(&self) -> Self {
        let mut out = self.clone();
        out.bits = None;
        out.layers.insert(0, Layer::Pointer { qualifiers: String::new() });
        out
    }

    /// The type of an element, when this is an array.
    pub fn element(&self) -> Option<Self> {
        self.is_array().then(|| Self { layers: self.layers[1..].to_vec(), ..self.clone() })
    }

    /// The type pointed to, when this is a pointer.
    pub fn pointee(&self) -> Option<Self> {
        self.is_pointer().then(|| Self { layers: self.layers[1..].to_vec(), ..self.clone() })
    }

    /// What a call gives, when this is a function.
    pub fn result(&self) -> Option<Self> {
        self.is_function().then(|| Self { layers: self.layers[1..].to_vec(), ..self.clone() })
    }

    /// This type with its typedef replaced by what that stands for: `name_t *` over `int [3]` is a pointer to an
    /// array. The qualifiers written beside the typedef's name go with the name, its storage class stays.
    pub fn over(&self, meaning: &Self) -> Self {
        let layers = self.layers.iter().chain(&meaning.layers).cloned().collect();
        Self { layers, bits: self.bits.clone(), storage: self.storage, ..meaning.clone() }
    }

    /// What the type becomes when it is passed by name: an array gives a pointer to its element, a function a
    /// pointer to itself, anything else stays.
    pub fn decayed(&self) -> Self {
        match self.layers.first() {
            Some(Layer::Array { .. }) => self.element().map_or_else(|| self.clone(), |e| e.pointer()),
            Some(Layer::Function { .. }) => self.pointer(),
            _ => self.clone(),
        }
    }

    /// The same without `const` at the top: of the pointer itself, or of a value. What is pointed to keeps its own.
    pub fn without_const(&self) -> Self {
        let mut out = self.clone();
        let top = out.layers.iter_mut().find(|l| !matches!(l, Layer::Array { .. }));
        match top {
            Some(Layer::Pointer { qualifiers }) => *qualifiers = drop_word(qualifiers, "const"),
            Some(_) => {}
            None => out.specifiers = drop_word(&out.specifiers, "const"),
        }
        out
    }

    /// The same with `unsigned` spelled as `unsigned int`, as new declarations are written.
    pub fn spelled_out(&self) -> Self {
        const OTHERS: &[&str] = &["int", "char", "short", "long"];
        let all = words(&self.specifiers);
        let bare = all.contains(&"unsigned") && !all.iter().any(|word| OTHERS.contains(word));
        let spelled = |word| if word == "unsigned" { "unsigned int" } else { word };
        let specifiers = self.specifiers.split(' ').map(spelled).collect::<Vec<_>>().join(" ");
        if bare { Self { specifiers, ..self.clone() } } else { self.clone() }
    }

    /// Whether the variable itself may not be assigned: `const` at the top.
    pub fn is_const(&self) -> bool {
        *self != self.without_const()
    }

    /// Whether the variable is a pointer. A typedef that hides one does not count.
    pub fn is_pointer(&self) -> bool {
        matches!(self.layers.first(), Some(Layer::Pointer { .. }))
    }

    /// Whether it was written as an array; a parameter so written is in truth a pointer, see [`Self::decayed`].
    pub fn is_array(&self) -> bool {
        matches!(self.layers.first(), Some(Layer::Array { .. }))
    }

    /// Whether it was written as a function (a prototype's name).
    pub fn is_function(&self) -> bool {
        matches!(self.layers.first(), Some(Layer::Function { .. }))
    }

    /// Whether it is a struct or union by value. A typedef that hides one is [`TypeBase::Named`] instead.
    pub fn is_aggregate(&self) -> bool {
        self.layers.is_empty() && matches!(self.base, TypeBase::Struct | TypeBase::Union)
    }

    /// Whether it is a number, going by its words.
    pub fn is_arithmetic(&self) -> bool {
        let sized = words(&self.specifiers).iter().any(|w| width(w).is_some());
        self.layers.is_empty() && (self.base == TypeBase::Arithmetic || sized)
    }

    /// Whether its struct, union or enum has no tag, so that no second declaration can name the same type.
    pub fn has_anonymous_aggregate(&self) -> bool {
        self.anonymous
    }

    /// Whether the spelling depends on where it stands: `typeof`, `__auto_type`, a macro with arguments.
    pub fn is_typeof(&self) -> bool {
        self.base == TypeBase::Computed
    }

    /// Whether it is an array whose size is not a plain number or constant-like name in the spelling.
    pub fn has_computed_size(&self) -> bool {
        self.layers.iter().any(|l| match l {
            Layer::Array { size } => {
                words(size).iter().any(|w| w.starts_with(|c: char| c.is_ascii_lowercase()))
            }
            _ => false,
        })
    }

    /// Whether it may hold less than an `int` does, going by its words and by a width in its name: a bit-field, `char`,
    /// `short`, `bool`, `uint16_t`. Numbers that are not whole count as well.
    pub fn is_narrow(&self) -> bool {
        const WORDS: &[&str] = &["char", "short", "bool", "_Bool", "float", "double"];
        let narrow = |word: &&str| WORDS.contains(word) || matches!(width(word), Some(8 | 16));
        self.layers.is_empty() && (self.bits.is_some() || words(&self.specifiers).iter().any(narrow))
    }

    /// Whether it has no negative values, going by its words and by its name: `unsigned int`, `size_t`, `uint32_t`.
    pub fn is_unsigned(&self) -> bool {
        const WORDS: &[&str] = &["unsigned", "size_t", "bool", "_Bool", "uintptr_t"];
        let plain = |word: &str| WORDS.contains(&word);
        let sized = |word: &str| word.trim_start_matches('_').starts_with('u') && width(word).is_some();
        self.layers.is_empty() && words(&self.specifiers).iter().any(|w| plain(w) || sized(w))
    }

    /// What stands under pointers, arrays and functions.
    pub fn base(&self) -> TypeBase {
        self.base
    }

    /// The tag of its struct, union or enum.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Qualifiers, specifiers and annotations in the order written: `const struct s`.
    pub fn specifiers(&self) -> &str {
        &self.specifiers
    }

    /// The steps from the name to the base.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The width of a bit-field.
    pub fn bits(&self) -> Option<&str> {
        self.bits.as_deref()
    }

    /// The storage class, which no spelling above includes.
    pub fn storage(&self) -> Option<Storage> {
        self.storage
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::syntax::{Tree, parse};

    fn tree(text: &str) -> Tree {
        parse(&SourceFile::new("t.c", text))
    }

    fn of(tree: &Tree, name: &str) -> WrittenType {
        let mut names = tree.root().descendants().filter(|n| n.text() == name && n.is_leaf());
        names.find_map(WrittenType::of_name).unwrap()
    }

    fn declared(text: &str, name: &str) -> String {
        of(&tree(text), name).declare("x")
    }

    #[test]
    fn unsigned_is_spelled_out() {
        let spelled = |text: &str| of(&tree(text), "a").spelled_out().declare("x");
        assert_eq!(spelled("unsigned a;"), "unsigned int x");
        assert_eq!(spelled("static const unsigned *a;"), "const unsigned int *x");
        assert_eq!(spelled("unsigned long a[2];"), "unsigned long x[2]");
        assert_eq!(spelled("char unsigned a;"), "char unsigned x");
        assert_eq!(spelled("int a;"), "int x");
    }

    #[test]
    fn each_declarator_of_a_list_has_its_own_type() {
        let text = "void f(void)\n{\n\tconst count_t a, *b, c[4] = { 0 }, *d[N + 1], (*e)[2];\n}\n";
        assert_eq!(declared(text, "a"), "const count_t x");
        assert_eq!(declared(text, "b"), "const count_t *x");
        assert_eq!(declared(text, "c"), "const count_t x[4]");
        assert_eq!(declared(text, "d"), "const count_t *x[N + 1]");
        assert_eq!(declared(text, "e"), "const count_t (*x)[2]");
    }

    #[test]
    fn function_pointers_keep_their_parentheses() {
        assert_eq!(declared("static int (*hook)(struct s *, long);", "hook"), "int (*x)(struct s *, long)");
        assert_eq!(declared("char *(*table[3])(int);", "table"), "char *(*x[3])(int)");
        assert_eq!(declared("void g(int (*visit)(void *));", "visit"), "int (*x)(void *)");
        assert_eq!(of(&tree("int (*hook)(void);"), "hook").pointer_to("x"), "int (**x)(void)");
    }

    #[test]
    fn storage_and_comments_are_not_part_of_the_type() {
        let tree = tree("static /* why */ unsigned   long\n\tvolatile *p;\nstruct s { int a; } v;");
        let p = of(&tree, "p");
        assert_eq!(p.declare("x"), "unsigned long volatile *x");
        assert_eq!(p.storage(), Some(Storage::Static));
        assert_eq!(p.base(), TypeBase::Arithmetic);
        assert!(p.is_pointer() && !p.is_aggregate());
        let v = of(&tree, "v");
        assert_eq!((v.declare("x").as_str(), v.tag()), ("struct s x", Some("s")));
        assert!(v.is_aggregate() && !v.has_anonymous_aggregate());
    }

    #[test]
    fn only_the_top_const_goes() {
        let tree = tree("void f(const char *const p, const int n, const int t[2]) {}");
        assert_eq!(of(&tree, "p").without_const().declare("x"), "const char *x");
        assert_eq!(of(&tree, "p").declare("x"), "const char *const x");
        assert_eq!(of(&tree, "n").without_const().declare("x"), "int x");
        assert!(of(&tree, "n").is_const());
        assert_eq!(of(&tree, "t").decayed().declare("x"), "const int *x");
        assert!(!of(&tree, "t").decayed().is_const());
    }

    #[test]
    fn anonymous_aggregates_and_bit_fields_are_told() {
        let tree = tree("struct o { unsigned flag : 3; struct { int a; } in; };\n");
        assert_eq!(of(&tree, "flag").declare("x"), "unsigned x : 3");
        assert_eq!(of(&tree, "flag").pointer_to("x"), "unsigned *x");
        assert!(of(&tree, "in").has_anonymous_aggregate());
    }

    #[test]
    fn arrays_give_elements_and_pointers_pointees() {
        let tree = tree("struct s *v[8];");
        let v = of(&tree, "v");
        assert_eq!(v.array_element_declare("x").unwrap(), "struct s *x");
        assert_eq!(v.element().unwrap().pointee().unwrap().declare("x"), "struct s x");
        assert_eq!(v.decayed().type_name(), "struct s **");
    }

    #[test]
    fn type_names_and_results() {
        let tree = tree("struct s **f(int n) { return (struct s **)0 + sizeof(char (*)[4]); }");
        let function = tree.root().child_of(Kind::FunctionDefinition).unwrap();
        assert_eq!(WrittenType::returned_by(function).unwrap().declare("x"), "struct s **x");
        let names = tree.root().descendants().filter(|n| n.is(Kind::TypeDescriptor));
        let names: Vec<_> = names.filter_map(WrittenType::of_type_name).map(|t| t.declare("x")).collect();
        assert_eq!(names, ["struct s **x", "char (*x)[4]"]);
    }

    #[test]
    fn what_a_variable_can_hold() {
        let tree = tree(
            "int a; unsigned short b; __le16 c; size_t d; off_t e; u8 *f; struct o { u32 g : 3; }; bool h; uint64_t i; char8x j;",
        );
        let narrow = |name: &str| of(&tree, name).is_narrow();
        assert_eq!(
            ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].map(narrow),
            [false, true, true, false, false, false, true, true, false, false]
        );
        let unsigned = |name: &str| of(&tree, name).is_unsigned();
        assert_eq!(
            ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].map(unsigned),
            [false, true, false, true, false, false, true, true, true, false]
        );
    }

    #[test]
    fn uses_are_not_declarators() {
        let tree = tree("int f(int a) { return a; }");
        let ident =
            tree.root().descendants().filter(|n| n.is(Kind::Identifier) && n.text() == "a").last().unwrap();
        assert_eq!(WrittenType::of_name(ident), None);
    }
}
