//! The C around a function that lets it run alone.
//!
//! In: [`Needs`], and the function's name and signature. Out: text that goes in front of its code (macros, types,
//! variables, a stub for every function that it calls) and text that goes behind (`drive()`, which makes arguments, calls
//! the function and traces the result). A stub traces its arguments and gives a value that the run picks; what it is given
//! a pointer to on the stack, it fills. It refuses types that nothing explains.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::syntax::declarator::Layer;
use crate::syntax::file_scope::words;
use crate::syntax::headers::{Member, Signature};
use crate::syntax::types::WrittenType;

use super::needs::{MacroText, Needs, Shape, shape};
use super::world::World;
use crate::walk::model::Told;

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
        needs.enums.iter().for_each(|text| self.line(&format!("{text};")));
        let mut done = BTreeSet::new();
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
        let spelled = ty.type_name();
        for (_, word) in words(&spelled) {
            let named = self.needs.typedefs.contains_key(word) || self.needs.aggregates.contains_key(word);
            if named {
                self.define(word, done);
            }
        }
        let by_value = ty.layers().iter().all(|layer| matches!(layer, Layer::Array { .. }));
        if let (true, Some(tag)) = (by_value, ty.tag()) {
            for keyword in ["struct", "union"] {
                self.define(&format!("{keyword} {tag}"), done);
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

    fn points_to_function(&self, ty: &WrittenType) -> bool {
        match self.shape(ty) {
            Shape::Pointer(to) => self.shape(&to) == Shape::Function,
            _ => false,
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

    fn members(
        &self,
        members: &[Member],
        path: &str,
        id: &str,
        owner: &str,
        fill: &mut String,
        dump: &mut String,
    ) {
        for member in members {
            let place = format!("{path}{}", member.name);
            if let Some(inner) = &member.inline {
                self.members(inner, &format!("{place}."), id, owner, fill, dump);
                continue;
            }
            let filled = self.member(member, &place, id, owner);
            let is_pointer = matches!(self.shape(&member.ty), Shape::Pointer(_));
            if is_pointer && self.calls.tested.contains(&member.name) && !filled.is_empty() {
                let _ = write!(fill, "\tif (play_bool()) {{\n{filled}\t}}\n");
            } else {
                fill.push_str(&filled);
            }
            // Places of an array that nothing reads hold what an acquisition left there.
            let unread = self.calls.told.unread.contains(&member.name)
                && matches!(self.shape(&member.ty), Shape::Array(_));
            if !unread && !self.points_to_function(&member.ty) {
                dump.push_str(&self.show(&member.ty, &place, &member.name, 1));
            }
        }
    }

    /// Statements that give a field its value.
    fn member(&self, member: &Member, place: &str, id: &str, owner: &str) -> String {
        let direct = place.strip_prefix("it->").is_some_and(|rest| rest == member.name);
        if let Shape::Pointer(to) = self.shape(&member.ty) {
            match self.shape(&to) {
                Shape::Function if direct => {
                    let typed =
                        matches!(member.ty.layers(), [Layer::Pointer { .. }, Layer::Function { .. }, ..]);
                    return if typed {
                        format!("\t{place} = method_{id}_{};\n", member.name)
                    } else {
                        String::new()
                    };
                }
                // A ring of one.
                Shape::Aggregate(name) if name == owner => return format!("\t{place} = it;\n"),
                _ => {}
            }
        }
        if self.calls.told.errors.contains(&member.name) && self.shape(&member.ty) == Shape::Number {
            format!("\t{place} = play_error();\n")
        } else if self.calls.told.unread.contains(&member.name) {
            let assigned = self.assign(&member.ty, place, 1);
            format!("\tplay_hidden = true;\n{assigned}\tplay_hidden = false;\n")
        } else {
            self.assign(&member.ty, place, 1)
        }
    }

    /// Statements that give `place` a value.
    fn assign(&self, ty: &WrittenType, place: &str, depth: usize) -> String {
        let tabs = "\t".repeat(depth);
        match self.shape(ty) {
            Shape::Array(element) => {
                let index = format!("k{depth}");
                let inner = self.assign(&element, &format!("{place}[{index}]"), depth + 1);
                format!(
                    "{tabs}for (unsigned int {index} = 0; {index} < sizeof({place}) / sizeof({place}[0]); {index}++) {{\n{inner}{tabs}}}\n"
                )
            }
            Shape::Aggregate(name) if self.needs.knows(&name) => {
                format!("{tabs}fill_{}(&{place});\n", identifier(&name))
            }
            Shape::Aggregate(name) if self.world.model(&name).is_some() => {
                format!("{tabs}model_fill(\"{name}\", &{place});\n")
            }
            _ => match self.value(ty) {
                Some(value) => format!("{tabs}{place} = {value};\n"),
                None => String::new(),
            },
        }
    }

    /// An expression of the type, if values of it can be made.
    fn value(&self, ty: &WrittenType) -> Option<String> {
        Some(match self.shape(ty) {
            Shape::Bool => "play_bool()".to_owned(),
            Shape::Number => "play_number()".to_owned(),
            Shape::Pointer(to) => match self.shape(&to) {
                Shape::Aggregate(name) if self.needs.knows(&name) => {
                    format!("make_{}()", identifier(&name))
                }
                Shape::Aggregate(name) if self.world.model(&name).is_some() => {
                    format!("model_object(\"{name}\")")
                }
                Shape::Aggregate(name) => format!("play_opaque(\"{name}\")"),
                Shape::Pointer(_) => "play_pointers()".to_owned(),
                Shape::Function | Shape::Unknown => "NULL".to_owned(),
                Shape::Number => format!("play_cell({})", to.without_const().type_name()),
                _ => "play_memory()".to_owned(),
            },
            _ => return None,
        })
    }

    /// Statements that trace `place` as a part of an object.
    fn show(&self, ty: &WrittenType, place: &str, name: &str, depth: usize) -> String {
        let tabs = "\t".repeat(depth);
        match self.shape(ty) {
            Shape::Array(element) => {
                let index = format!("k{depth}");
                let inner = self.show(&element, &format!("{place}[{index}]"), name, depth + 1);
                if inner.is_empty() {
                    return inner;
                }
                format!(
                    "{tabs}for (unsigned int {index} = 0; {index} < sizeof({place}) / sizeof({place}[0]); {index}++) {{\n{inner}{tabs}}}\n"
                )
            }
            Shape::Aggregate(inner) if self.needs.knows(&inner) => {
                format!("{tabs}dump_{}(&{place});\n", identifier(&inner))
            }
            Shape::Bool | Shape::Number => {
                format!("{tabs}play_show_number(\"{name}\", (long long){place});\n")
            }
            Shape::Pointer(_) => format!("{tabs}play_show_pointer(\"{name}\", (const void *){place});\n"),
            _ => String::new(),
        }
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
            body.push_str(&self.fill_argument(ty, &format!("a{k}")));
        }
        body.push_str(&self.result(&signature.result));
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
    fn fill_argument(&self, ty: &WrittenType, name: &str) -> String {
        let Shape::Pointer(to) = self.shape(ty) else { return String::new() };
        if to.is_const() {
            return String::new();
        }
        match self.shape(&to) {
            Shape::Aggregate(inner) if self.needs.knows(&inner) => {
                format!("\tif (play_elsewhere({name}))\n\t\tfill_{}({name});\n", identifier(&inner))
            }
            Shape::Number | Shape::Bool => {
                self.assign(&to, &format!("if (play_elsewhere({name}))\n\t\t*{name}"), 1)
            }
            _ => String::new(),
        }
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
