//! Where the type of a quantity shows.
//!
//! In: a variable of the moved code that a parameter of the callback, or a number, replaces. Out: whether
//! its own type, which may be signed, shorter or longer, makes a difference there: in a comparison, a
//! division, a shift to the right, behind a negation, next to a format, in a minimum. What may be below zero
//! or leave its type agrees with what is computed in the other type in its low bits alone, so that it shows
//! where it is stored in something longer.
//!
//! Capability 7 (tests/README.md): types of fields and parameters.

mod number;

use crate::matcher::typing::plain_type;
use crate::syntax::declarator::declared_name;
use crate::syntax::types::WrittenType;
use crate::syntax::{Field, Kind, Node};
use crate::walk::matching::matches;
use crate::walk::site::callee;
use crate::walk::spec::WalkSpec;
use number::{Number, Width, is_constant, literal};

/// What is known where a use is spelled.
pub(super) struct Place<'a> {
    /// The rule.
    pub(super) spec: &'a WalkSpec,
    /// Whether an expression is one of the small quantities that parameters and numbers replace.
    pub(super) replaced: &'a dyn Fn(Node<'_>) -> bool,
}

/// The type that a use of a variable of the type `own` has to be cast to where something of the type `new` replaces it.
pub(super) fn cast(used: Node<'_>, own: &WrittenType, new: &str, place: &Place<'_>) -> Option<String> {
    if !used.is(Kind::Identifier) || !own.is_arithmetic() {
        return None;
    }
    let text = own.declare("").trim().to_owned();
    let number = Number::of_words(&text);
    let as_new = text == new || number.is_some_and(|own| Number::of_words(new) == Some(own) && own.is_long());
    let shows = || Climb { to: number, wraps: false, cut: false, scaled: false }.shows(used, place);
    (!as_new && shows()).then_some(text)
}

/// An expression around a use, and what its value may be.
struct Climb {
    /// Its type as the code has it; nothing if that is not told.
    to: Option<Number>,
    /// It may be below zero, or otherwise compare differently in the other type.
    wraps: bool,
    /// In the other type only its low bits are the same.
    cut: bool,
    /// Its low bits may be zero where others are not.
    scaled: bool,
}

impl Climb {
    /// Whether the type of an expression that is above zero makes a difference.
    fn shows(mut self, used: Node<'_>, place: &Place<'_>) -> bool {
        let mut at = used;
        loop {
            let Some(around) = at.parent() else { return self.cut };
            let other = [Field::Left, Field::Right].into_iter().filter_map(|f| around.child(f));
            let other = other.into_iter().find(|n| *n != at);
            match (around.kind(), other) {
                (Kind::ParenthesizedExpression, _) => {}
                (Kind::CommaExpression, _) if around.child(Field::Right) == Some(at) => {}
                (Kind::CommaExpression | Kind::ExpressionStatement, _) => return false,
                (Kind::UnaryExpression, _) => match around.operator() {
                    Some("-" | "~") => (self.wraps, self.cut) = (true, true),
                    Some("!") => return self.scaled,
                    _ => {}
                },
                (Kind::BinaryExpression, Some(other)) => {
                    if let Some(shows) = self.operation(at, around, other, place) {
                        return shows;
                    }
                }
                (Kind::ConditionalExpression, _) => {
                    if around.child(Field::Condition) == Some(at) {
                        return self.scaled;
                    }
                    let arms = [Field::Consequence, Field::Alternative];
                    let other = arms.into_iter().filter_map(|f| around.child(f)).find(|n| *n != at);
                    self.meet(other, place);
                }
                (Kind::CastExpression, _) => {
                    let ty = around.child(Field::Type).map(|t| t.text().to_owned());
                    return self.differs_in(ty.and_then(|t| Number::of_words(&t)));
                }
                (Kind::SubscriptExpression, _) => return self.differs_in(Some(Number::POINTER)),
                (Kind::SizeofExpression, _) => return true,
                (Kind::AssignmentExpression, Some(left)) => return self.assigned(around, left),
                (Kind::InitDeclarator, _) => {
                    let name = around.child(Field::Declarator);
                    return self
                        .differs_in(name.and_then(WrittenType::of_name).and_then(|ty| of_written(&ty)));
                }
                (Kind::ArgumentList, _) => match self.argument(at, around, place) {
                    Some(shows) => return shows,
                    None => {
                        let Some(call) = around.parent() else { return self.cut };
                        at = call;
                        continue;
                    }
                },
                (Kind::IfStatement | Kind::WhileStatement | Kind::DoStatement | Kind::ForStatement, _) => {
                    return self.scaled;
                }
                _ => return self.cut,
            }
            at = around;
        }
    }

    /// An operation on two values; nothing if it goes on with its result.
    fn operation(
        &mut self,
        at: Node<'_>,
        around: Node<'_>,
        other: Node<'_>,
        place: &Place<'_>,
    ) -> Option<bool> {
        let on_the_right = around.child(Field::Right) == Some(at);
        let constant = is_constant(other);
        match around.operator() {
            Some("&&" | "||") => return Some(self.scaled),
            Some("==" | "!=") => return Some(self.cut && (!constant || self.scaled)),
            Some("<" | ">" | "<=" | ">=") => {
                return Some(self.wraps || !constant && !(place.replaced)(other));
            }
            Some("<<" | ">>") if on_the_right => return Some(false),
            Some(">>") if !self.wraps => {}
            Some("/" | "%") if !self.wraps && constant => {}
            // Bits that are not set are not set in either type.
            Some("&") if literal(other).is_some_and(|n| n <= i64::from(i32::MAX)) => {
                (self.wraps, self.cut, self.scaled) = (false, false, false);
            }
            Some("&") if !self.wraps => {}
            Some("+") => self.meet(Some(other), place),
            Some("-") => {
                // What is left of an element.
                let rest = on_the_right && matches(&place.spec.unit, other).is_some();
                if !rest || self.wraps {
                    self.meet(Some(other), place);
                    (self.wraps, self.cut) = (true, self.cut || !self.is_exact_beside(other));
                }
            }
            Some("&" | "|" | "^") => self.meet(Some(other), place),
            Some(operator @ ("*" | "<<")) => {
                let most = place.spec.unit_at_most.unwrap_or(i64::MAX);
                let times = literal(other).and_then(|n| match operator {
                    "<<" => u32::try_from(n).ok().and_then(|n| 1i64.checked_shl(n)),
                    _ => Some(n),
                });
                let fits = times.and_then(|n| n.checked_mul(most)).is_some_and(|n| n <= i64::from(i32::MAX));
                if !fits {
                    self.wraps = true;
                    let exact = operator == "*" && self.is_exact_beside(other);
                    (self.cut, self.scaled) = (self.cut || !exact, true);
                }
                if operator == "*" {
                    self.to = Number::common(self.to, Number::of(other));
                }
            }
            _ => return Some(true),
        }
        None
    }

    /// A sum with something else, or one of both.
    fn meet(&mut self, other: Option<Node<'_>>, place: &Place<'_>) {
        let Some(other) = other else { return };
        if is_constant(other) && literal(other).is_none_or(|n| n < 1 << 30) || (place.replaced)(other) {
            return;
        }
        self.wraps = true;
        // A sum with something of which nothing is known is taken to stay in its type.
        let known = Number::of(other);
        self.cut |= known.is_some_and(|n| n.width == Width::Word);
        self.to = Number::common(self.to, known);
    }

    /// Whether an operation with `other` is carried out on all bits in either type.
    fn is_exact_beside(&self, other: Node<'_>) -> bool {
        !self.cut && Number::of(other).is_some_and(|n| n.width == Width::Quad || n == Number::POINTER)
            || plain_type(other).is_some_and(|ty| ty.stars + ty.arrays > 0)
    }

    /// Whether what is stored in something of that type differs.
    fn differs_in(&self, target: Option<Number>) -> bool {
        let target = target.map(|n| n.width);
        self.cut
            && match (self.to, target) {
                (_, Some(Width::Word)) => false,
                (Some(Number { width: Width::Word, signed: false }), _) => true,
                (Some(_), Some(Width::Long)) => false,
                _ => true,
            }
    }

    /// Stored, or added to something.
    fn assigned(&self, assignment: Node<'_>, left: Node<'_>) -> bool {
        match assignment.operator() {
            Some("/=" | "%=") => self.wraps || Number::of(left).is_none_or(|n| n.signed),
            Some("<<=" | ">>=") => false,
            _ => self.differs_in(Number::of(left)),
        }
    }

    /// Handed on; nothing if it is what a macro stands for that the rule knows.
    fn argument(&mut self, at: Node<'_>, list: Node<'_>, place: &Place<'_>) -> Option<bool> {
        let format = |n: Node<'_>| matches!(n.kind(), Kind::StringLiteral | Kind::ConcatenatedString);
        if list.named_children().any(format) {
            return Some(true);
        }
        let call = list.parent()?;
        let arguments: Vec<Node<'_>> = list.named_children().filter(|n| !n.is(Kind::Comment)).collect();
        if let Some(same) = place.spec.same.iter().find(|same| matches(&same.pattern, call).is_some()) {
            if let Some(ty) =
                arguments.iter().find_map(|n| WrittenType::of_argument(*n).filter(|_| is_type(*n)))
            {
                return Some(self.differs_in(of_written(&ty)));
            }
            return match arguments.as_slice() {
                [_] => None,
                _ if same.meaning.single().is_some_and(|n| n.is(Kind::ConditionalExpression)) => Some(true),
                _ => Some(self.wraps || !arguments.iter().all(|n| *n == at || is_constant(*n))),
            };
        }
        let index = arguments.iter().position(|n| *n == at)?;
        Some(self.cut && self.differs_in(parameter(call, index)))
    }
}

/// An argument that is written as a type: a lone name is one if nothing of that name is declared.
fn is_type(argument: Node<'_>) -> bool {
    argument.is(Kind::TypeArgument)
        || argument.is(Kind::Identifier) && Number::of_words(argument.text()).is_some()
}

fn of_written(ty: &WrittenType) -> Option<Number> {
    match ty.is_pointer() {
        true => Some(Number::POINTER),
        false => Number::of_words(ty.declare("").trim()),
    }
}

/// The type of a parameter of the function that is called, if the file declares it.
fn parameter(call: Node<'_>, index: usize) -> Option<Number> {
    let name = callee(call)?;
    let declares = |n: &Node<'_>| {
        n.is(Kind::FunctionDeclarator) && n.child(Field::Declarator).is_some_and(|d| d.text() == name)
    };
    let declarator = call.tree().root().descendants().find(declares)?;
    let list = declarator.child(Field::Parameters)?;
    let parameter = list.named_children().filter(|n| n.is(Kind::ParameterDeclaration)).nth(index)?;
    let named = parameter.child(Field::Declarator).and_then(declared_name).and_then(WrittenType::of_name);
    of_written(&named.or_else(|| WrittenType::of_type_name(parameter))?)
}

#[cfg(test)]
mod tests {
    use crate::outline::testing::converted;
    use crate::walk::testing::changed;

    /// The callback where the length is of a type.
    fn of_type(ty: &str, used: &str) -> String {
        converted(&changed(&[
            ("size_t len", &format!("{ty} len")),
            ("see(object,", &format!("{used};\n\t\t\tsee(object,")),
        ]))
    }

    fn with(used: &str) -> String {
        of_type("int", used)
    }

    #[test]
    fn a_type_stays_where_it_shows() {
        assert!(
            with("mark(object, len > object->least)").contains("mark(object, (int)len > object->least);")
        );
        assert!(with("mark(object, (len - 5) / 2)").contains("mark(object, ((int)len - 5) / 2);"));
        assert!(with("say(\"%d\", len)").contains("say(\"%d\", (int)len);"));
        assert!(with("say(\"%d\", len / 2)").contains("say(\"%d\", (int)len / 2);"));
        assert!(with("mark(object, len >> 2 > object->least)").contains("(int)len >> 2 > object->least"));
        assert!(with("mark(object, sizeof(len))").contains("sizeof((int)len)"));
        for plain in [
            "mark(object, len)",
            "mark(object, len & (UNIT - 1))",
            "mark(object, len & object->mask || object->least)",
            "mark(object, -len & 7)",
            "mark(object, len >> object->least)",
            "mark(object, object->least >> len > object->sum)",
            "mark(object, len > 100)",
            "object->sum += len + off",
            "mark(object, len == UNIT)",
            "mark(object, len > off)",
            "mark(object, object->sum + len)",
            "object->parts[len - 1] = 0",
        ] {
            assert!(!with(plain).contains("(int)"), "{plain}");
        }
    }

    #[test]
    fn what_leaves_a_short_type_is_cut_where_it_is_stored() {
        let unsigned = |used: &str| of_type("unsigned int", used).contains("(unsigned int)len");
        for shows in [
            "long far = len - 5; mark(object, far)",
            "mark(object, ~len)",
            "mark(object, len * 100000)",
            "mark(object, object->sum / len)",
            "unsigned long all = object->sum; all += -len; mark(object, all)",
            "object->sum /= len",
            "mark(object, len - 5 == object->sum)",
            "mark(object, object->least ? len - 1 : 0)",
            "mark(object, smaller(len, object->least))",
            "mark(object, (unsigned long)(len - 7))",
        ] {
            assert!(unsigned(shows), "{shows}: {}", of_type("unsigned int", shows));
        }
        for plain in [
            "int near = len - 5; mark(object, near)",
            "mark(object, UNIT - len)",
            "mark(object, len * 8 + 3)",
            "mark(object, len << 4)",
            "mark(object, object->least ? len : 0)",
            "mark(object, (int)(len - 7))",
            "mark(object, (len - 7) & 255)",
            "mark(object, (len | off) & 7)",
        ] {
            assert!(!unsigned(plain), "{plain}: {}", of_type("unsigned int", plain));
        }
    }

    #[test]
    fn what_a_signed_type_holds_is_right_in_anything_as_long_as_an_address() {
        assert!(!with("long far = -len; mark(object, far)").contains("(int)"));
        assert!(with("long long far = -len; mark(object, far)").contains("(int)len"));
        assert!(!with("long long far = object->sum; far += len; mark(object, far)").contains("(int)"));
    }
}
