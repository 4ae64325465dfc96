//! The C around a function that lets it run alone.
//!
//! In: [`Needs`], and the function's name and signature. Out: text that goes in front of its code (macros, types,
//! variables, a stub for every function that it calls) and text that goes behind (`drive()`, which makes arguments, calls
//! the function and traces the result). A stub traces its arguments and gives a value that the run picks; what it is given
//! a pointer to on the stack, it fills. It refuses types that nothing explains.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::syntax::declarator::Layer;
use crate::syntax::file_scope::words;
use crate::syntax::headers::{Member, Signature};
use crate::syntax::types::WrittenType;

use super::needs::{MacroText, Needs, Shape, shape};
use super::world::World;
use super::writes::Writes;
use crate::walk::model::Told;

mod values;

/// Elements of an array whose size nobody tells.
const MANY: usize = 64;

/// Text in front of the function's code, and text behind it.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) before: String,
    pub(super) behind: String,
}

impl Unit {
    pub(super) fn new(
        name: &str,
        signature: &Signature,
        needs: &Needs,
        world: &World<'_>,
        calls: Calls<'_>,
    ) -> Self {
        let mut writer = Writer { needs, world, calls, text: String::new() };
        writer.macros();
        for name in calls.unknown {
            writer.line(&format!("#define {name}(...) play_unknown(\"{name}\")"));
        }
        writer.types();
        writer.values();
        writer.variables();
        for (callee, signature) in &needs.functions {
            writer.stub(callee, signature);
        }
        let definitions =
            || needs.taken.iter().filter_map(|(name, s)| Some((name, s, s.definition.as_deref()?)));
        for (name, signature, _) in definitions() {
            writer.line(&format!("static {};", head(name, signature)));
        }
        for (_, _, definition) in definitions() {
            writer.line(&format!("{definition}\n"));
        }
        let before = std::mem::take(&mut writer.text);
        writer.drive(name, signature);
        Self { before, behind: writer.text }
    }
}

/// What is known about some calls besides their signatures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calls<'c> {
    /// Functions that nothing declares.
    pub(super) unknown: &'c BTreeSet<String>,
    /// What the rule and the conversion's notes say.
    pub(super) told: &'c Told,
    /// Pointers of objects that the code takes for NULL at times.
    pub(super) tested: &'c BTreeSet<String>,
    /// Fields that one of the versions does not have.
    pub(super) gone: &'c BTreeMap<String, BTreeSet<String>>,
    /// What functions that give memory of no type are to give.
    pub(super) given: &'c BTreeMap<String, WrittenType>,
}

struct Writer<'w> {
    needs: &'w Needs,
    world: &'w World<'w>,
    calls: Calls<'w>,
    text: String,
}

impl Writer<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn shape(&self, ty: &WrittenType) -> Shape {
        shape(ty, self.world)
    }

    fn macros(&mut self) {
        let types = self.type_words();
        for (name, MacroText { text, has_parameters }) in &self.needs.macros {
            // An annotation of a type says nothing to a program.
            let annotates = types.contains(name.as_str()) && name.starts_with("__");
            let _ = match (annotates, *has_parameters) {
                (true, true) => writeln!(self.text, "#define {name}(...)"),
                (true, false) => writeln!(self.text, "#define {name}"),
                (false, _) => writeln!(self.text, "{text}"),
            };
        }
    }

    /// The words with which types are spelled, sizes of arrays apart.
    fn type_words(&self) -> BTreeSet<String> {
        fn of(members: &[Member], add: &mut dyn FnMut(&WrittenType)) {
            for member in members {
                add(&member.ty);
                of(member.inline.as_deref().unwrap_or_default(), add);
            }
        }
        let mut found = BTreeSet::new();
        let mut add = |ty: &WrittenType| {
            found.extend(words(ty.specifiers()).map(|(_, word)| word.to_owned()));
            for layer in ty.layers() {
                if let Layer::Pointer { qualifiers } = layer {
                    found.extend(words(qualifiers).map(|(_, word)| word.to_owned()));
                }
            }
        };
        for signature in self.needs.functions.values().chain(self.needs.taken.values()) {
            add(&signature.result);
            signature.parameters.iter().for_each(&mut add);
        }
        self.needs.typedefs.values().chain(self.needs.variables.values()).for_each(&mut add);
        self.needs.aggregates.values().for_each(|members| of(members, &mut add));
        found
    }

    fn types(&mut self) {
        let needs = self.needs;
        for tag in needs.opaque.iter().chain(needs.aggregates.keys()).filter(|name| name.contains(' ')) {
            self.line(&format!("{tag};"));
        }
        let mut done = BTreeSet::new();
        for text in &needs.enums {
            // A value may be cast to a typedef's type.
            self.define_named_in(text, &mut done);
            self.line(&format!("{text};"));
        }
        for name in needs.typedefs.keys().chain(needs.aggregates.keys()) {
            self.define(name, &mut done);
        }
    }

    /// Define a type behind those that it holds by value.
    fn define(&mut self, name: &str, done: &mut BTreeSet<String>) {
        let needs = self.needs;
        if !done.insert(name.to_owned()) {
            return;
        }
        if let Some(ty) = needs.typedefs.get(name) {
            self.holds(ty, done);
            self.line(&format!("typedef {};", ty.declare(name)));
        } else if let Some(members) = needs.aggregates.get(name) {
            for ty in types_of(members) {
                self.holds(ty, done);
            }
            let body = fields(members, 1);
            match name.contains(' ') {
                true => self.line(&format!("{name} {{\n{body}}};")),
                false => self.line(&format!("typedef struct {{\n{body}}} {name};")),
            }
        }
    }

    fn holds(&mut self, ty: &WrittenType, done: &mut BTreeSet<String>) {
        // A typedef's name has to be known even behind a pointer.
        self.define_named_in(&ty.type_name(), done);
        let by_value = ty.layers().iter().all(|layer| matches!(layer, Layer::Array { .. }));
        if let (true, Some(tag)) = (by_value, ty.tag()) {
            for keyword in ["struct", "union"] {
                self.define(&format!("{keyword} {tag}"), done);
            }
        }
    }

    /// Define the types that a text names by a typedef.
    fn define_named_in(&mut self, text: &str, done: &mut BTreeSet<String>) {
        for (_, word) in words(text) {
            if self.needs.typedefs.contains_key(word) || self.needs.aggregates.contains_key(word) {
                self.define(word, done);
            }
        }
    }

    /// How objects of each type are made, filled and traced.
    fn values(&mut self) {
        let needs = self.needs;
        for (name, _) in needs.structs() {
            let id = identifier(name);
            self.line(&format!("static void fill_{id}({name} *it);"));
            self.line(&format!("static void dump_{id}(const void *at);"));
            self.line(&format!("static {name} *make_{id}(void);"));
        }
        for (name, members) in needs.structs() {
            let id = identifier(name);
            for member in members {
                if self.points_to_function(&member.ty) {
                    self.method(&id, member);
                }
            }
            let mut fill = String::new();
            let mut dump = String::new();
            self.members(members, "it->", &id, name, &mut fill, &mut dump);
            self.line(&format!("static void fill_{id}({name} *it)\n{{\n\t(void)it;\n{fill}}}\n"));
            self.line(&format!(
                "static void dump_{id}(const void *at)\n{{\n\tconst {name} *it = at;\n\t(void)it;\n{dump}}}\n"
            ));
            self.line(&format!(
                "static {name} *make_{id}(void)\n{{\n\t{name} *it = play_new(sizeof(*it), \"{name}\", dump_{id});\n\n\
                 \tif (!it)\n\t\treturn NULL;\n\tplay_depth++;\n\tfill_{id}(it);\n\tplay_depth--;\n\treturn it;\n}}\n"
            ));
        }
    }

    /// What a field that points to a function is called as.
    fn method(&mut self, id: &str, member: &Member) {
        let [Layer::Pointer { .. }, Layer::Function { .. }, ..] = member.ty.layers() else { return };
        let Some(function) = member.ty.pointee() else { return };
        let Some(result) = function.result() else { return };
        let name = format!("method_{id}_{}", member.name);
        let head = function.declare(&name);
        let value = self.result(&result);
        self.line(&format!(
            "static {head}\n{{\n\tplay_call(\"{}\");\n\tplay_end();\n{value}}}\n",
            member.name
        ));
    }

    fn variables(&mut self) {
        let needs = self.needs;
        for (name, ty) in &needs.variables {
            self.line(&format!("static {};", sized(&ty.without_const().declare(name))));
        }
        let filled: String =
            needs.variables.iter().map(|(name, ty)| self.assign(&ty.without_const(), name, 1)).collect();
        self.line(&format!("static void fill_globals(void)\n{{\n{filled}}}\n"));
        let shown: String = needs.variables.iter().map(|(name, ty)| self.show(ty, name, name, 1)).collect();
        self.line(&format!("static void dump_globals(void)\n{{\n{shown}}}\n"));
    }

    /// A function that only says that it was called.
    fn stub(&mut self, name: &str, signature: &Signature) {
        let mut body = format!("\tplay_call(\"{name}\");\n");
        for (k, ty) in signature.parameters.iter().enumerate() {
            body.push_str(&self.argument(ty, &format!("a{k}")));
        }
        body.push_str("\tplay_end();\n");
        for (k, ty) in signature.parameters.iter().enumerate() {
            body.push_str(&self.fill_argument(ty, &format!("a{k}"), signature));
        }
        let result = self.calls.given.get(name).filter(|_| signature.result.type_name() == "void *");
        let is_error =
            self.calls.told.errors.contains(name) && self.shape(&signature.result) == Shape::Number;
        body.push_str(&match is_error {
            true => "\treturn failing() ? failure() : 0;\n".to_owned(),
            false => self.result(result.unwrap_or(&signature.result)),
        });
        if self.calls.told.sums.contains(name) {
            body = self.sum(name, signature);
        }
        if self.calls.told.quiet.contains(name) {
            let value = self.value(&signature.result).unwrap_or_else(|| "0".to_owned());
            body = format!("\tplay_quietly(\"{name}\");\n\treturn {value};\n");
        }
        let head = head(name, signature);
        self.line(&format!("static {head}\n{{\n{body}}}\n"));
    }

    /// The body of a stub whose calls are only added up.
    fn sum(&self, name: &str, signature: &Signature) -> String {
        let is_number = |ty: &&WrittenType| matches!(self.shape(ty), Shape::Bool | Shape::Number);
        let numbers = signature.parameters.iter().enumerate().filter(|(_, ty)| is_number(ty));
        let sum: Vec<String> = numbers.map(|(k, _)| format!("(long long)a{k}")).collect();
        let sum = if sum.is_empty() { "1".to_owned() } else { sum.join(" + ") };
        format!("\tplay_add(\"{name}\", {sum});\n{}", self.result(&signature.result))
    }

    fn argument(&self, ty: &WrittenType, name: &str) -> String {
        match self.shape(ty) {
            Shape::Bool | Shape::Number => format!("\tplay_number_argument((long long){name});\n"),
            Shape::Pointer(to) => {
                let mut text = format!("\tplay_pointer_argument((const void *){name});\n");
                if let Shape::Aggregate(inner) = self.shape(&to)
                    && self.needs.knows(&inner)
                {
                    let _ = writeln!(
                        text,
                        "\tif (play_elsewhere({name}))\n\t\tdump_{}({name});",
                        identifier(&inner)
                    );
                }
                text
            }
            Shape::Aggregate(inner) if self.needs.knows(&inner) => {
                format!("\tdump_{}(&{name});\n", identifier(&inner))
            }
            _ => String::new(),
        }
    }

    /// What a callee may write to, if it lies on the stack: objects keep what they have.
    fn fill_argument(&self, ty: &WrittenType, name: &str, callee: &Signature) -> String {
        let Shape::Pointer(to) = self.shape(ty) else { return String::new() };
        if to.is_const() {
            return String::new();
        }
        match self.shape(&to) {
            Shape::Aggregate(inner) if self.needs.knows(&inner) => {
                let filled = match Writes::of(callee, &to, self.world) {
                    Writes::Anything => format!("\t\tfill_{}({name});\n", identifier(&inner)),
                    Writes::Fields(fields) => self.fill_fields(&inner, name, &fields),
                };
                format!("\tif (play_elsewhere({name})) {{\n{filled}\t}}\n")
            }
            Shape::Number | Shape::Bool => {
                self.assign(&to, &format!("if (play_elsewhere({name}))\n\t\t*{name}"), 1)
            }
            _ => String::new(),
        }
    }

    /// Statements that give some fields of an object new values.
    fn fill_fields(&self, object: &str, name: &str, fields: &BTreeSet<String>) -> String {
        let known = self.needs.structs().find(|(known, _)| *known == object).map(|(_, members)| members);
        let mut written = known.cloned().unwrap_or_default();
        written.retain(|member| fields.contains(&member.name));
        let (mut fill, mut dump) = (String::new(), String::new());
        self.members(&written, "it->", &identifier(object), object, &mut fill, &mut dump);
        format!("\t\t{object} *it = {name};\n\n\t\t(void)it;\n{fill}")
    }

    fn result(&self, ty: &WrittenType) -> String {
        match self.shape(ty) {
            Shape::Void => String::new(),
            Shape::Bool => "\treturn play_bool();\n".to_owned(),
            Shape::Number if is_unsigned(ty) => "\treturn play_number();\n".to_owned(),
            Shape::Number => "\treturn play_result();\n".to_owned(),
            Shape::Pointer(_) => {
                let value = self.value(ty).unwrap_or_else(|| "NULL".to_owned());
                format!("\tif (failing())\n\t\treturn play_no_pointer();\n\treturn {value};\n")
            }
            _ => {
                let ty = ty.without_const();
                let fill = self.assign(&ty, "result", 1);
                format!(
                    "\t{};\n\n\tmemset(&result, 0, sizeof(result));\n{fill}\treturn result;\n",
                    ty.declare("result")
                )
            }
        }
    }

    /// The program: make arguments, call, trace.
    fn drive(&mut self, name: &str, signature: &Signature) {
        let mut declared = String::new();
        let mut filled = String::new();
        let mut names = Vec::new();
        for (k, ty) in signature.parameters.iter().enumerate() {
            let (ty, argument) = (ty.without_const(), format!("a{k}"));
            // A parameter that is a function points to one.
            let ty = if self.shape(&ty) == Shape::Function { ty.pointer() } else { ty };
            let _ = writeln!(declared, "\t{};", ty.declare(&argument));
            filled.push_str(&format!("\tmemset(&{argument}, 0, sizeof({argument}));\n"));
            filled.push_str(&self.assign(&ty, &argument, 1));
            names.push(argument);
        }
        let call = format!("{name}({})", names.join(", "));
        let called = match self.shape(&signature.result) {
            Shape::Number | Shape::Bool => format!("\tresult = (long){call};\n"),
            Shape::Pointer(_) => {
                format!("\tplay_call(\"gives\");\n\tplay_pointer_argument({call});\n\tplay_end();\n")
            }
            _ => format!("\t{call};\n"),
        };
        self.line(&format!(
            "\nlong drive(play_walked *walked)\n{{\n\tlong result = 0;\n{declared}\n\tplay_begin();\n\tfill_globals();\n{filled}\
             \n{called}\n\tplay_dump();\n\tdump_globals();\n\tplay_end();\n\t(void)walked;\n\treturn result;\n}}"
        ));
    }
}

/// The head of a function whose parameters are called `a0`, `a1` …
fn head(name: &str, signature: &Signature) -> String {
    let parameters = signature.parameters.iter().enumerate();
    let mut parameters: Vec<String> =
        parameters.map(|(k, ty)| ty.without_const().declare(&format!("a{k}"))).collect();
    if signature.variadic {
        parameters.push("...".to_owned());
    }
    if parameters.is_empty() {
        parameters.push("void".to_owned());
    }
    signature.result.declare(&format!("{name}({})", parameters.join(", ")))
}

fn types_of(members: &[Member]) -> Vec<&WrittenType> {
    let own = members.iter().filter(|m| m.inline.is_none()).map(|m| &m.ty);
    let inner = members.iter().filter_map(|m| m.inline.as_deref()).flat_map(types_of);
    own.chain(inner).collect()
}

fn fields(members: &[Member], depth: usize) -> String {
    let tabs = "\t".repeat(depth);
    let mut text = String::new();
    for member in members {
        match &member.inline {
            Some(inner) => {
                let declared = member.ty.declare(&member.name);
                let rest =
                    declared.split_once(char::is_whitespace).map_or(declared.as_str(), |(_, rest)| rest);
                let _ = writeln!(
                    text,
                    "{tabs}struct {{\n{}{tabs}}} {};",
                    fields(inner, depth + 1),
                    sized(rest.trim())
                );
            }
            None => {
                let _ = writeln!(text, "{tabs}{};", sized(&member.ty.declare(&member.name)));
            }
        }
    }
    if text.is_empty() { format!("{tabs}char nothing_is_read;\n") } else { text }
}

/// Room where the declaration leaves it open.
fn sized(declared: &str) -> String {
    declared.replace("[]", &format!("[{MANY}]")).replace("[0]", &format!("[{MANY}]"))
}

fn is_unsigned(ty: &WrittenType) -> bool {
    words(ty.specifiers()).any(|(_, w)| matches!(w, "unsigned" | "size_t" | "char") || w.starts_with('u'))
}

/// `struct pair` as a part of a C name.
fn identifier(name: &str) -> String {
    name.replace(' ', "_")
}
