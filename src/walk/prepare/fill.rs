//! Elements that are acquired where they stay, and are put right afterwards.
//!
//! In: a loop that acquires straight into `array[number]`, gives every element of the batch the length of a
//! whole one, corrects the first and the last, and adds the batch's size to `number`. Out: the same loop
//! with a batch of its own, walked piece by piece: the element goes to `array[number]`, its fields get the
//! offset and the length of the piece, and `number` goes up by one. It refuses, by finding nothing, fields
//! of which it cannot be shown that they get just that in a batch of any size, and anything between the
//! acquisition and the loop's end that is not straight code.

use super::elements::{Elements, Meaning, Template, Which, element_field, room_behind};
use super::{Finish, Prepared, batch_of};
use crate::edit::{EditSet, TextEdit};
use crate::plan::columns::{TAB, column_of, indent};
use crate::plan::outlining::fit::numbered;
use crate::plan::superfluous::whole_lines;
use crate::source::{SourceFile, Span};
use crate::syntax::file_scope::FileScope;
use crate::syntax::scope::{DeclId, Scopes};
use crate::syntax::{Field, Kind, Node};
use crate::walk::eval::{Evaluator, unwrapped};
use crate::walk::expressions::{first_match, is_pure};
use crate::walk::induct::is_count;
use crate::walk::matching::matches;
use crate::walk::notes::Note;
use crate::walk::site::{self, Site, callee, definition, statements_of};
use crate::walk::spec::WalkSpec;
use crate::walk::state::{State, Value, Variable};
use crate::walk::sym::{Atom, Facts, Sign, Sym};
use crate::walk::usage::leaves;
use std::collections::BTreeMap;

/// The loop with a batch of its own.
pub(super) fn filled<'t>(spec: &WalkSpec, file: &FileScope<'t>, call: Node<'t>) -> Option<Prepared> {
    let function = file.function_at(call.span().start as usize)?;
    let scopes = Scopes::of(function.node);
    let (site, place) = Destination::of(spec, &scopes, call)?;
    let eval = Evaluator { spec, scopes: &scopes, site: &site, facts: Facts::Iteration };
    let (tested, straight) = behind_failure(&site)?;
    let mut run = Run {
        eval,
        file,
        place: &place,
        state: State::default(),
        number: Sym::constant(0),
        out: Found::default(),
    };
    run.start();
    for statement in &straight {
        run.statement(*statement)?;
    }
    let found = run.out;
    let counted = run.number == Sym::atom(Atom::Count);
    if !counted || !found.elements.all_understood() {
        return None;
    }
    let writer = Writer { spec, scopes: &scopes, site: &site, place: &place, found: &found };
    let edits = writer.edits(tested)?;
    let done = format!(
        "the elements are kept in `{}`, and what describes them is the same told from the piece",
        place.array
    );
    let mut notes = Vec::new();
    if found.elements.takes_zero() {
        let offset = found.elements.fields().find(|(_, m)| *m == Meaning::Offset);
        notes.extend(offset.map(|(p, _)| Note { name: "N16", values: vec![("field", p.field.clone())] }));
    }
    Some(Prepared {
        edits,
        function: function.name.to_owned(),
        done,
        notes,
        open: Vec::new(),
        finish: Finish::Done,
    })
}

/// `&array[number]`, where elements are acquired and stay.
struct Destination<'t> {
    node: Node<'t>,
    array: String,
    number: String,
}

impl<'t> Destination<'t> {
    fn of(spec: &WalkSpec, scopes: &Scopes<'t>, call: Node<'t>) -> Option<(Site<'t>, Self)> {
        let (acquire, bindings) = site::best_match(spec, scopes, call)?;
        let node = bindings.get("batch")?;
        let (array, number) = match node.operator()? {
            "&" => {
                let element = node.child(Field::Argument).filter(|n| n.is(Kind::SubscriptExpression))?;
                (element.child(Field::Argument)?, element.child(Field::Index)?)
            }
            "+" => (node.child(Field::Left)?, node.child(Field::Right)?),
            _ => return None,
        };
        if !is_pure(&[], array) || !is_pure(&[], number) || scopes.resolve(array).is_some() {
            return None;
        }
        let offset = bindings.get("offset").and_then(|n| scopes.resolve(n))?;
        let got = site::assigned_to(call, scopes)?;
        let outer = site::enclosing_loop(call, scopes.function())?;
        let (iter, bytes) = (bindings.get("iter")?, bindings.get("bytes")?);
        // Nothing is indexed by a number, so that no expression is taken for an element.
        let alone = Site::alone(call, (iter, bytes), got, (offset, offset));
        let site = Site {
            function: scopes.function(),
            storage: acquire.storage,
            slots: bindings.get("slots"),
            outer,
            body: site::body_of(outer),
            through_pointers: false,
            ..alone
        };
        Some((site, Self { node, array: array.squeezed(), number: number.squeezed() }))
    }
}

/// The test that leaves when nothing was acquired, and the statements behind it.
fn behind_failure<'t>(site: &Site<'t>) -> Option<(Node<'t>, Vec<Node<'t>>)> {
    let mut behind = site.body.iter().copied().skip_while(|n| !n.encloses(site.call));
    let acquisition = behind.next()?;
    let test = if acquisition.is(Kind::IfStatement) {
        acquisition
    } else {
        behind.find(|n| !n.is(Kind::Comment))?
    };
    let leaving = test.is(Kind::IfStatement)
        && test.child(Field::Alternative).is_none()
        && test.child(Field::Consequence).is_some_and(leaves);
    leaving.then(|| (test, behind.filter(|n| !n.is(Kind::Comment)).collect()))
}

/// What the straight code does.
#[derive(Default)]
struct Found<'t> {
    elements: Elements,
    /// Statements that fill, correct and count.
    gone: Vec<Node<'t>>,
    /// Other assignments of locals, with what they assign.
    moves: Vec<(Node<'t>, DeclId)>,
}

struct Run<'a, 't> {
    eval: Evaluator<'a, 't>,
    file: &'a FileScope<'t>,
    place: &'a Destination<'t>,
    state: State<'t>,
    /// What `number` is above its value before the batch.
    number: Sym,
    out: Found<'t>,
}

impl<'t> Run<'_, 't> {
    fn start(&mut self) {
        for (id, atom) in [(self.eval.site.got, Atom::Got), (self.eval.site.offset, Atom::Offset)] {
            let value = Value::Quantity(Sym::atom(atom));
            self.state.set(id, Variable { value, sign: Sign::NonNegative, ..Variable::unknown() });
        }
    }

    fn statement(&mut self, statement: Node<'t>) -> Option<()> {
        match statement.kind() {
            Kind::ForStatement => {
                let looping = Filling::of_loop(statement, &|n| n.squeezed())?;
                self.fill(statement, &looping)
            }
            Kind::ExpressionStatement => {
                let expression = unwrapped(statement.named_children().next()?);
                match expression.kind() {
                    Kind::AssignmentExpression => self.assignment(statement, expression),
                    Kind::CallExpression if first_match(&self.eval.spec.advance, expression).is_some() => {
                        Some(())
                    }
                    Kind::CallExpression => self.call(statement, expression),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn quantity(&self, node: Node<'t>) -> Option<Sym> {
        self.eval.value(node, &mut self.state.clone()).quantity().cloned()
    }

    fn assignment(&mut self, statement: Node<'t>, node: Node<'t>) -> Option<()> {
        let (left, right, operator) = (node.child(Field::Left)?, node.child(Field::Right)?, node.operator()?);
        if left.squeezed() == self.place.number {
            let counts = self.quantity(right).is_some_and(|n| is_count(&n, &Sym::atom(Atom::Count)));
            self.number = Sym::atom(Atom::Count);
            self.out.gone.push(statement);
            return (counts && operator == "+=").then_some(());
        }
        if let Some((place, index)) = element_field(left, &|n| n.squeezed()) {
            let which = self.which(&index)?;
            let value = match (room_behind(&self.eval, right, &self.state), self.quantity(right)) {
                (true, _) => Sym::atom(Atom::Marked),
                (false, value) => value?,
            };
            self.out.gone.push(statement);
            return self.out.elements.write(which, place, operator, &|_| Some(value.clone())).then_some(());
        }
        let id = self.eval.scopes.resolve(left)?;
        self.eval.value(node, &mut self.state);
        self.out.moves.push((statement, id));
        Some(())
    }

    /// Which element of the batch an index names.
    fn which(&self, index: &str) -> Option<Which> {
        let start = self.number.as_constant() == Some(0);
        let last = format!("{}-1", self.place.number);
        match (start, index) {
            (true, index) if index == self.place.number => Some(Which::First),
            (false, index) if index == last => Some(Which::Last),
            _ => None,
        }
    }

    /// A call of a function that does nothing but to fill.
    fn call(&mut self, statement: Node<'t>, call: Node<'t>) -> Option<()> {
        let arguments: Vec<Node<'t>> = call.child(Field::Arguments)?.named_children().collect();
        for fill in &self.eval.spec.fills {
            let Some(bindings) = matches(&fill.pattern, call) else { continue };
            let spell = |n: Node<'_>| {
                spelled(n, &|n| match bindings.get(fill.meaning.text_of(n)) {
                    Some(bound) => bound.squeezed(),
                    None => fill.meaning.text_of(n).to_owned(),
                })
            };
            let (first, count) = (bindings.get("first")?, bindings.get("n")?);
            let assignment = fill.meaning.single()?;
            let filling =
                Filling { assignment, index: "x".to_owned(), first: first.squeezed(), spell: &spell };
            return self.fill_counted(statement, &filling, self.quantity(count)?);
        }
        let function = definition(self.file.functions.first()?.node.tree().root(), callee(call)?)?;
        let scopes = Scopes::of(function);
        let given: BTreeMap<String, String> = scopes
            .declarations()
            .iter()
            .filter(|d| d.kind == crate::syntax::scope::DeclKind::Parameter)
            .zip(&arguments)
            .map(|(d, a)| (d.name.to_owned(), a.squeezed()))
            .collect();
        let mut statements = statements_of(function.child(Field::Body)?);
        statements.retain(|n| !matches!(n.kind(), Kind::Comment | Kind::Declaration));
        let [looping] = statements.as_slice() else { return None };
        let spell = |n: Node<'_>| {
            spelled(n, &|n| given.get(n.text()).cloned().unwrap_or_else(|| n.text().to_owned()))
        };
        let filling = Filling::of_loop(*looping, &spell)?;
        let bound = filling_bound(*looping)?;
        let count = arguments.iter().find(|a| given.get(bound.text()) == Some(&a.squeezed()))?;
        self.fill_counted(statement, &filling, self.quantity(*count)?)
    }

    /// `for (i = number; i < number + count; i++) array[i].field = value;`
    fn fill(&mut self, statement: Node<'t>, filling: &Filling<'_>) -> Option<()> {
        let bound = filling_bound(statement)?;
        let count = self.quantity(bound)?;
        self.fill_counted(statement, filling, count)
    }

    fn fill_counted(&mut self, statement: Node<'t>, filling: &Filling<'_>, count: Sym) -> Option<()> {
        if filling.first != self.place.number
            || self.number.as_constant() != Some(0)
            || !is_count(&count, &Sym::atom(Atom::Count))
        {
            return None;
        }
        let (left, right) = (filling.assignment.child(Field::Left)?, filling.assignment.child(Field::Right)?);
        let (place, index) = element_field(left, filling.spell)?;
        let template = Template { index: &filling.index, spell: filling.spell };
        let operator = filling.assignment.operator()?;
        let elements = std::mem::take(&mut self.out.elements);
        let values: Vec<Option<Sym>> =
            (0..4).map(|at| elements.value(&self.eval, right, &template, at)).collect();
        self.out.elements = elements;
        self.out.gone.push(statement);
        let written = self.out.elements.write(Which::Each, place, operator, &|at| values[at].clone());
        (written && index == filling.index).then_some(())
    }
}

/// Code spelled in the caller's words.
fn spelled(node: Node<'_>, name: &dyn Fn(Node<'_>) -> String) -> String {
    match node.kind() {
        Kind::FieldExpression => {
            let owner = node.child(Field::Argument).map(|a| spelled(a, name)).unwrap_or_default();
            let field = node.child(Field::Field).map(Node::text).unwrap_or_default();
            format!("{owner}{}{field}", node.operator().unwrap_or("."))
        }
        _ => name(node),
    }
}

/// A loop that gives a field of each element a value.
struct Filling<'p> {
    assignment: Node<'p>,
    index: String,
    /// The first element, in the caller's words.
    first: String,
    spell: &'p dyn Fn(Node<'_>) -> String,
}

impl<'p> Filling<'p> {
    /// `for (index = first; index < first + count; index++) assignment;`
    fn of_loop(looping: Node<'p>, spell: &'p dyn Fn(Node<'_>) -> String) -> Option<Self> {
        let init = looping.child(Field::Initializer)?;
        let (index, first) = match init.kind() {
            Kind::AssignmentExpression => (init.child(Field::Left)?, init.child(Field::Right)?),
            Kind::Declaration => {
                let declarator = init.child_of(Kind::InitDeclarator)?;
                (declarator.child(Field::Declarator)?, declarator.child(Field::Value)?)
            }
            _ => return None,
        };
        let update = looping.child(Field::Update)?;
        let steps = update.operator() == Some("++") && update.child(Field::Argument)?.text() == index.text();
        let condition = looping.child(Field::Condition).map(unwrapped)?;
        let end = condition.child(Field::Right)?;
        let runs = condition.operator() == Some("<")
            && condition.child(Field::Left)?.text() == index.text()
            && end.operator() == Some("+")
            && end.child(Field::Left)?.text() == first.text();
        let mut statements = statements_of(looping.child(Field::Body)?);
        statements.retain(|n| !n.is(Kind::Comment));
        let [only] = statements.as_slice() else { return None };
        let assignment = only.child_of(Kind::AssignmentExpression)?;
        let (index, first) = (index.text().to_owned(), spell(first));
        (steps && runs).then_some(Self { assignment, index, first, spell })
    }
}

/// `count` of `index < first + count`.
fn filling_bound(looping: Node<'_>) -> Option<Node<'_>> {
    looping.child(Field::Condition).map(unwrapped)?.child(Field::Right)?.child(Field::Right)
}

/// Writes the loop over the pieces.
struct Writer<'a, 't> {
    spec: &'a WalkSpec,
    scopes: &'a Scopes<'t>,
    site: &'a Site<'t>,
    place: &'a Destination<'t>,
    found: &'a Found<'t>,
}

impl<'t> Writer<'_, 't> {
    fn edits(&self, tested: Node<'t>) -> Option<EditSet> {
        let source: &SourceFile = self.site.function.tree().source();
        let free = |name: &str| numbered(name, &|n| !self.scopes.mentions(n));
        let (batch, left, index, len) = (free("batch"), free("left"), free("at"), free("len"));
        let mut edits = EditSet::new();
        let mut add = |span: Span, text: String| edits.add(TextEdit::new(span, text)).ok();
        add(self.place.node.span(), batch.clone())?;
        let first = self.site.body.first()?;
        let column = column_of(source, first.span());
        let here = indent(column);
        let start = source.line_of(first.span()).start as usize;
        let element = batch_of(self.spec, &batch);
        let size = &self.spec.callback.size.0;
        add(Span::at(start), format!("{here}{element};\n{here}{size}{left};\n{here}int {index};\n"))?;
        let got = self.scopes.declaration(self.site.got).name;
        let behind = source.line_of(Span::at(tested.span().end as usize));
        add(Span::at(behind.end as usize), format!("{here}{left} = {got};\n"))?;
        for statement in self.found.gone.iter().chain(&self.only_cursors()) {
            add(whole_lines(source, statement.span()), String::new())?;
        }
        let end = self.site.body.last()?;
        let end = source.line_of(Span::at(end.span().end as usize)).end;
        add(Span::at(end as usize), self.pieces(column, &batch, &left, &index, &len))?;
        Some(edits)
    }

    /// Assignments that only the removed statements needed, and to what was got, of which the sign stays.
    fn only_cursors(&self) -> Vec<Node<'t>> {
        let moves: Vec<Node<'t>> = self.found.moves.iter().map(|(s, _)| *s).collect();
        let inside = |u: &Node<'t>| {
            self.found.gone.iter().chain(&moves).any(|s| s.encloses(*u)) || self.site.call.encloses(*u)
        };
        let declared = |id: DeclId| self.scopes.declaration(id).ident;
        let needless = |id: DeclId| {
            id == self.site.got || self.scopes.uses(id).iter().all(|u| inside(u) || *u == declared(id))
        };
        self.found.moves.iter().filter(|(_, id)| needless(*id)).map(|(s, _)| *s).collect()
    }

    fn pieces(&self, column: usize, batch: &str, left: &str, index: &str, len: &str) -> String {
        let (unit, size) = (self.spec.unit_name(), &self.spec.callback.size.0);
        let offset = self.scopes.declaration(self.site.offset).name;
        let (array, number) = (&self.place.array, &self.place.number);
        let fields: Vec<String> = self
            .found
            .elements
            .fields()
            .map(|(place, meaning)| {
                let value = if meaning == Meaning::Offset { offset } else { len };
                format!("{}[{number}].{} = {value};", place.array, place.field)
            })
            .collect();
        let room = format!("{unit} - {offset}");
        let mut lines = vec![format!("{size}{len} = {left} < {room} ? {left} : {room};"), String::new()];
        lines.push(format!("{array}[{number}] = {batch}[{index}];"));
        lines.extend(fields);
        lines.extend([format!("{number}++;"), format!("{left} -= {len};"), format!("{offset} = 0;")]);
        let (here, inside) = (indent(column), indent(column + TAB));
        let body: String = lines
            .iter()
            .map(|l| if l.is_empty() { "\n".to_owned() } else { format!("{inside}{l}\n") })
            .collect();
        format!("{here}for ({index} = 0; {left}; {index}++) {{\n{body}{here}}}\n")
    }
}
