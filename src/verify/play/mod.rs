//! Running a function against its conversion.
//!
//! In: a converted [`Site`] of a real tree, the [`Model`] of its walk, and a directory to build in. Out: [`Played`]: what
//! was made up to let the function run alone, and whether the two versions behave alike. Callees become stubs that say how
//! they were called and give what the run picks; structs keep the fields that the code names; the model plays the rest.
//! Inputs that break the original are put aside. What cannot be built this way is told with the compiler's words.

mod needs;
mod unit;
mod world;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::matcher::iso::is_tested;
use crate::source::SourceFile;
use crate::syntax::file_scope::{FileFunction, FileScope, GlobalKind};
use crate::syntax::headers::{Entity, Headers, Signature, Types};
use crate::syntax::scope::Scopes;
use crate::syntax::types::WrittenType;
use crate::syntax::{Field, Kind, Node, Tree};
use crate::walk::model::Model;
use crate::walk::site::callee;

use super::build::{BuildCommand, Ended};
use needs::Needs;
use unit::{Calls, Unit};
use world::World;

const HARNESS: &str = include_str!("harness.h");

/// What the compiler is asked for; the sanitizers end a run that breaks.
const FLAGS: &str = "-std=gnu11 -D_GNU_SOURCE -O1 -g1 -Werror=implicit-function-declaration \
                     -Wno-incompatible-pointer-types -Wno-int-conversion -fwrapv -fno-strict-aliasing \
                     -ftrivial-auto-var-init=zero -fsanitize=address,undefined -fno-sanitize-recover=undefined";

/// A conversion to be played.
pub struct Site<'s> {
    /// The file as it is.
    pub before: &'s SourceFile,
    /// The file as it will be.
    pub after: &'s SourceFile,
    /// The converted function.
    pub function: &'s str,
    /// The headers of the tree.
    pub headers: &'s Headers<'s>,
    /// What plays the walk.
    pub model: &'s Model,
    /// What the conversion's message says: names of the rule's notes, and their text.
    pub notes: &'s [(String, String)],
}

/// What had to be made up.
#[derive(Clone, Debug, Default)]
pub struct MadeUp {
    /// Functions that only say how they were called.
    pub stubs: Vec<String>,
    /// Functions that nothing declares: only their names are compared.
    pub unknown: Vec<String>,
    /// Functions that are played as they are, because they handle what the model plays.
    pub taken: Vec<String>,
    /// Structs and unions with the fields that the code names.
    pub reduced: Vec<String>,
    /// Structs of which nothing is known.
    pub opaque: Vec<String>,
    /// Macros that were taken from the tree.
    pub macros: Vec<String>,
    /// Variables of file scope.
    pub variables: Vec<String>,
    /// Fields that the conversion takes out of their structs: they are not compared.
    pub gone: Vec<String>,
}

/// How it went.
#[derive(Clone, Debug)]
pub enum Ending {
    /// The two behave alike.
    Alike(Figures),
    /// They do not; what the runner printed.
    Differs(String),
    /// There was nothing to compare: the original broke on every input, or nothing could be seen of it.
    Nothing(Figures),
    /// The compiler's words: no program could be made around the function.
    NotBuilt(String),
}

/// What the runs came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Inputs.
    pub runs: usize,
    /// Inputs on which both were run and compared.
    pub compared: usize,
    /// Those on which both came to walk over something.
    pub walked: usize,
    /// Those with a failure or an early end.
    pub disturbed: usize,
    /// Lines of the traces that were compared.
    pub events: usize,
}

/// What came of playing a site.
#[derive(Clone, Debug)]
pub struct Played {
    /// What had to be made up.
    pub made_up: MadeUp,
    /// How it went.
    pub ending: Ending,
}

/// Play `site` on `runs` inputs, with everything that is built below `directory`.
pub fn play(site: &Site<'_>, runs: usize, directory: &Path) -> Result<Played, Diagnostic> {
    let header = site.model.header().ok_or_else(|| {
        Diagnostic::error("no-model", "the rule has no model to play its conversions in")
            .help("rules/README.md says what the `model:` clause names")
    })?;
    for (name, text) in &site.model.files {
        write(directory, name, text)?;
    }
    write(directory, "helper.c", &site.model.helper)?;
    write(directory, "harness.h", HARNESS)?;
    let defines: String = site.model.defines.iter().map(|name| format!(" -D{name}")).collect();
    let compiler = Compiler { directory, flags: format!("{FLAGS}{defines} -include {header}") };
    let declared = match compiler.run("-E -dD -x c /dev/null")? {
        Ok(text) => text,
        Err(told) => return Ok(Played { made_up: MadeUp::default(), ending: Ending::NotBuilt(told) }),
    };

    let (before, after) = (site.headers.parse(site.before), site.headers.parse(site.after));
    let code = Code::of(&before, &after, site.function)?;
    let world = World::new(&declared, &before, site.headers);
    let mut told = site.model.told(site.notes);
    told.quiet.extend(world.called_by_macros(&told.quiet));
    let needs = Needs::of([&code.before, &code.after], &code.declares, &told.quiet, &world);
    // What gives no more than errors is played as it is at times; then what it hands on gives no more either.
    told.errors = needs.with_called(told.errors);
    let mut unknown = BTreeSet::new();
    let ending = loop {
        let calls = Calls {
            unknown: &unknown,
            told: &told,
            tested: &code.tested,
            given: &code.given,
            gone: &code.gone,
        };
        let unit = Unit::new(&code.function, &code.signature, &needs, &world, calls);
        for (name, text) in [("before.c", &code.before), ("after.c", &code.after)] {
            let whole = format!("#include \"harness.h\"\n\n{}\n{text}\n{}", unit.before, unit.behind);
            write(directory, name, &whole)?;
        }
        match build(&compiler, site)? {
            None => break run(site, runs, directory)?,
            // The compiler is the one who knows what macros of the tree call in the end.
            Some(told) if told.is_about_functions(&mut unknown) => {}
            Some(told) => break Ending::NotBuilt(told.0),
        }
    };
    Ok(Played { made_up: MadeUp { gone: code.gone(), ..MadeUp::of(&needs, unknown) }, ending })
}

/// What a compiler complained about.
struct Complaint(String);

impl Complaint {
    /// Whether it names functions that nothing declares and that are new to `unknown`; they are added.
    fn is_about_functions(&self, unknown: &mut BTreeSet<String>) -> bool {
        // As gcc and clang say it.
        const SAYINGS: [&str; 2] = ["implicit declaration of function '", "call to undeclared function '"];
        let name = |line: &str| {
            let (_, rest) = SAYINGS.iter().find_map(|saying| line.split_once(saying))?;
            rest.split_once('\'').map(|(name, _)| name.to_owned())
        };
        let before = unknown.len();
        unknown.extend(self.0.lines().filter_map(name));
        unknown.len() > before
    }
}

fn build(compiler: &Compiler<'_>, site: &Site<'_>) -> Result<Option<Complaint>, Diagnostic> {
    let sources: Vec<&str> =
        site.model.files.iter().map(|(name, _)| name.as_str()).filter(|n| n.ends_with(".c")).collect();
    let steps = [
        "-shared -fPIC -o before.so before.c".to_owned(),
        "-shared -fPIC -o after.so after.c".to_owned(),
        format!("-rdynamic -o runner helper.c {} -ldl", sources.join(" ")),
    ];
    for step in steps {
        if let Err(told) = compiler.run(&step)? {
            return Ok(Some(Complaint(told)));
        }
    }
    Ok(None)
}

fn run(site: &Site<'_>, runs: usize, directory: &Path) -> Result<Ending, Diagnostic> {
    let differences = site.model.differences(site.notes);
    let flags: Vec<&str> = differences.iter().map(|(_, difference)| *difference).collect();
    let flags = flags.join(" ");
    let played = format!(
        "ASAN_OPTIONS=symbolize=0:detect_leaks=0 ./runner ./before.so ./after.so {runs} isolate {flags}"
    );
    let build = BuildCommand::new(played).run::<&str>(directory, &[])?;
    if build.ended != Ended::Built {
        // The runner tells of a run, or could not begin.
        let differs = build.output.starts_with("run ");
        return Ok(if differs { Ending::Differs(build.output) } else { Ending::NotBuilt(build.output) });
    }
    let figures = Figures::read(&build.output);
    let seen = figures.walked * 20 >= figures.runs && figures.events > figures.compared;
    Ok(if seen { Ending::Alike(figures) } else { Ending::Nothing(figures) })
}

/// The two texts of what the conversion changes.
struct Code {
    before: String,
    after: String,
    /// The function that is called, and how.
    function: String,
    signature: Signature,
    /// Names that the texts declare.
    declares: BTreeSet<String>,
    /// Fields whose value decides where the texts go.
    tested: BTreeSet<String>,
    /// Fields that the conversion takes out of the file's structs.
    gone: BTreeMap<String, BTreeSet<String>>,
    /// The types that the results of calls are taken for.
    given: BTreeMap<String, WrittenType>,
}

impl Code {
    fn of(before: &Tree, after: &Tree, function: &str) -> Result<Self, Diagnostic> {
        let (old, new) = (FileScope::of(before), FileScope::of(after));
        let differs = |f: &FileFunction<'_>, other: &FileScope<'_>| {
            other.function(f.name).is_none_or(|o| o.node.text() != f.node.text())
        };
        let changed: Vec<&FileFunction<'_>> = old.functions.iter().filter(|f| differs(f, &new)).collect();
        let made: Vec<&FileFunction<'_>> = new.functions.iter().filter(|f| differs(f, &old)).collect();
        // A function may have become a part of its caller; that one is called then.
        let in_both = |f: &&&FileFunction<'_>| made.iter().any(|m| m.name == f.name);
        let called = changed.iter().filter(in_both).max_by_key(|f| f.name == function).map(|f| f.name);
        let known = called.and_then(|called| Types::of(before).known(called));
        let (Some(called), Some(Entity::Function(signature))) = (called, known) else {
            let told =
                format!("the conversion leaves no function behind that {function}() could be compared with");
            return Err(Diagnostic::error("no-such-function", told));
        };
        let mut parts: Vec<(u32, &str)> = made.iter().map(|f| (f.node.span().start, f.node.text())).collect();
        let mut declares: BTreeSet<String> = changed.iter().chain(&made).map(|f| f.name.to_owned()).collect();
        for tag in new.globals.iter().filter(|g| g.kind == GlobalKind::Tag && old.is_free(g.name)) {
            parts.push((tag.node.span().start, tag.node.text()));
            let keyword = tag.node.text().split_whitespace().next().unwrap_or_default();
            declares.insert(format!("{keyword} {}", tag.name));
        }
        parts.sort_unstable();
        let given = given(changed.iter().chain(&made).map(|f| f.node));
        let fields = changed.iter().chain(&made).flat_map(|f| f.node.descendants());
        let fields = fields.filter(|n| n.is(Kind::FieldExpression) && is_tested(*n));
        let tested = fields.filter_map(|n| Some(n.child(Field::Field)?.text().to_owned())).collect();
        let text = |parts: &[&str]| -> String { parts.iter().map(|text| format!("{text};\n\n")).collect() };
        Ok(Self {
            before: text(&changed.iter().map(|f| f.node.text()).collect::<Vec<_>>()),
            after: text(&parts.iter().map(|(_, text)| *text).collect::<Vec<_>>()),
            function: called.to_owned(),
            signature,
            declares,
            tested,
            gone: gone(before, after),
            given,
        })
    }

    /// The fields that are gone, as they are told.
    fn gone(&self) -> Vec<String> {
        let all = self.gone.iter().flat_map(|(tag, fields)| fields.iter().map(move |field| (tag, field)));
        all.map(|(tag, field)| format!("{field} of {tag}")).collect()
    }
}

/// Fields that the conversion takes out of the file's structs, by struct.
fn gone(before: &Tree, after: &Tree) -> BTreeMap<String, BTreeSet<String>> {
    let (old, mut new) = (fields(before), fields(after));
    let left = old.into_iter().map(|(tag, fields)| {
        let kept = new.remove(&tag).unwrap_or_else(|| fields.clone());
        (tag, fields.difference(&kept).cloned().collect::<BTreeSet<String>>())
    });
    left.filter(|(_, fields)| !fields.is_empty()).collect()
}

/// The names of the fields of a file's structs, by struct.
fn fields(tree: &Tree) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for aggregate in tree.root().descendants().filter(|n| n.is(Kind::StructSpecifier)) {
        if let (Some(tag), Some(body)) = (aggregate.child(Field::Name), aggregate.child(Field::Body)) {
            let fields = body.descendants().filter(|n| n.is(Kind::FieldIdentifier));
            found.insert(format!("struct {}", tag.text()), fields.map(|n| n.text().to_owned()).collect());
        }
    }
    found
}

/// What variables that have the results of calls point to, by the function that is called; the first counts.
fn given<'t>(functions: impl Iterator<Item = Node<'t>>) -> BTreeMap<String, WrittenType> {
    let mut given = BTreeMap::new();
    for function in functions {
        let scopes = Scopes::of(function);
        for call in function.descendants().filter(|n| n.is(Kind::CallExpression)) {
            let assigned = call.parent().filter(|p| p.is(Kind::AssignmentExpression));
            let target = assigned.and_then(|a| scopes.resolve(a.child(Field::Left)?));
            let declared = scopes.declarations().iter().find(|d| d.initializer == Some(call)).map(|d| d.id);
            if let (Some(name), Some(id)) = (callee(call), target.or(declared)) {
                given.entry(name.to_owned()).or_insert_with(|| scopes.declaration(id).ty.without_const());
            }
        }
    }
    given
}

impl MadeUp {
    fn of(needs: &Needs, unknown: BTreeSet<String>) -> Self {
        Self {
            stubs: needs.functions.keys().cloned().collect(),
            unknown: unknown.into_iter().collect(),
            taken: needs.taken.keys().cloned().collect(),
            reduced: needs.aggregates.keys().cloned().collect(),
            opaque: needs.opaque.iter().cloned().collect(),
            macros: needs.macros.keys().cloned().collect(),
            variables: needs.variables.keys().cloned().collect(),
            gone: Vec::new(),
        }
    }
}

impl Figures {
    /// `runs=4000 compared=3990 …`
    fn read(line: &str) -> Self {
        let value = |name: &str| {
            let found = line.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            found.and_then(|number| number.parse().ok()).unwrap_or(0)
        };
        Self {
            runs: value("runs"),
            compared: value("compared"),
            walked: value("walked"),
            disturbed: value("disturbed"),
            events: value("events"),
        }
    }
}

struct Compiler<'c> {
    directory: &'c Path,
    flags: String,
}

impl Compiler<'_> {
    /// What it printed, or what it complained about.
    fn run(&self, arguments: &str) -> Result<Result<String, String>, Diagnostic> {
        let command = BuildCommand::new(format!("LC_ALL=C ${{CC:-cc}} {} {arguments}", self.flags));
        let build = command.run::<&str>(self.directory, &[])?;
        Ok(if build.ended == Ended::Built { Ok(build.output) } else { Err(build.output) })
    }
}

fn write(directory: &Path, name: &str, text: &str) -> Result<(), Diagnostic> {
    let path = directory.join(name);
    fs::write(&path, text).map_err(|error| {
        Diagnostic::error("write-failed", format!("cannot write {}: {error}", path.display()))
    })
}
