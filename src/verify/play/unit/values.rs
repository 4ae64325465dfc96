//! The C that gives a place of some type a value, and that traces it.
//!
//! In: types and fields. Out: statements and expressions. Of what is pointed to an object is made; a type of which nothing is
//! known gets no value.

use std::fmt::Write as _;

use super::super::needs::Shape;
use super::{Writer, identifier};
use crate::syntax::declarator::Layer;
use crate::syntax::headers::Member;
use crate::syntax::types::WrittenType;

impl Writer<'_> {
    pub(super) fn points_to_function(&self, ty: &WrittenType) -> bool {
        match self.shape(ty) {
            Shape::Pointer(to) => self.shape(&to) == Shape::Function,
            _ => false,
        }
    }

    pub(super) fn members(
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
            let gone = self.calls.gone.get(owner).is_some_and(|fields| fields.contains(&member.name));
            if !unread && !gone && !self.points_to_function(&member.ty) {
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
    pub(super) fn assign(&self, ty: &WrittenType, place: &str, depth: usize) -> String {
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
    pub(super) fn value(&self, ty: &WrittenType) -> Option<String> {
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
    pub(super) fn show(&self, ty: &WrittenType, place: &str, name: &str, depth: usize) -> String {
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
}
