//! What objects and tuples hold, of one as of the other.

use super::{Side, Taking, differ};
use crate::compare::composed::{self, Tuple};
use crate::compare::said::{What, Why};
use crate::schema::{Field, Object, Type};

impl Taking {
    pub(super) fn objects(
        &mut self,
        (wide, one): (Side<'_>, &Object),
        (narrow, other): (Side<'_>, &Object),
    ) -> Result<(), Why> {
        for field in &one.fields {
            let step = format!(".{}", field.name);
            let present = other.fields.iter().find(|present| present.name == field.name);
            let found = match present {
                Some(present) => {
                    if field.required && !present.required {
                        self.keep(Err(Why { path: step.clone(), what: What::MayBeMissing }))?;
                    }
                    self.below(&step, wide.at(&field.of), narrow.at(&present.of))
                }
                None if field.required => {
                    Err(Why { path: step, what: What::Missing(wide.at(&field.of).kind()) })
                }
                // It may be one of the others.
                None => composed::unnamed(other, &field.name)
                    .map_or(Ok(()), |present| self.below(&step, wide.at(&field.of), narrow.at(present))),
            };
            self.keep(found)?;
        }
        for field in &other.fields {
            if one.fields.iter().any(|known| known.name == field.name) {
                continue;
            }
            let step = format!(".{}", field.name);
            let found = match composed::unnamed(one, &field.name) {
                Some(taken) => self.below(&step, wide.at(taken), narrow.at(&field.of)),
                None => self.unknown(one, field, narrow),
            };
            self.keep(found)?;
        }
        // Of the others, some may have numbers for names.
        let numbered = other.numbered.as_ref();
        let pairs = [
            (&one.others, other.others.as_ref()),
            (&one.numbered, numbered.or(other.others.as_ref())),
            (&one.others, numbered.filter(|_| one.numbered.is_none())),
        ];
        for (one, other) in pairs {
            if let (Some(one), Some(other)) = (one, other) {
                let found = self.below("[]", wide.at(one), narrow.at(other));
                self.keep(found)?;
            }
        }
        Ok(())
    }

    /// A difference of one field hides none of another, but in a union, where it may be another part that fits.
    fn keep(&mut self, found: Result<(), Why>) -> Result<(), Why> {
        match found {
            Err(why) if self.trials == 0 => {
                self.found.push(why);
                Ok(())
            }
            found => found,
        }
    }

    /// A field that the other object does not have.
    fn unknown(&mut self, object: &Object, field: &Field, narrow: Side<'_>) -> Result<(), Why> {
        if field.of == Type::Never {
            return Ok(());
        }
        let is_refused = self.is_given && object.is_closed;
        let of = narrow.at(&field.of).kind();
        let what = What::Unknown { of, is_required: field.required, is_refused };
        let why = Why { path: format!(".{}", field.name), what };
        if is_refused {
            return Err(why);
        }
        self.found.push(why);
        Ok(())
    }

    /// Item by item; of what may follow each may stand at each place.
    pub(super) fn tuples(&mut self, wide: Side<'_>, narrow: Side<'_>) -> Result<(), Why> {
        let (Some(one), Some(other)) = (Tuple::of(wide.of), Tuple::of(narrow.of)) else {
            return Err(differ(wide, narrow));
        };
        if one.required > other.required || !one.has_room_for(&other) {
            return Err(differ(wide, narrow));
        }
        for at in 0..one.items.len().max(other.items.len()) {
            if let (Some(one), Some(other)) = (one.at(at), other.at(at)) {
                self.below(&format!("[{at}]"), wide.at(one), narrow.at(other))?;
            }
        }
        match (one.rest, other.rest) {
            (Some(one), Some(other)) => self.below("[]", wide.at(one), narrow.at(other)),
            _ => Ok(()),
        }
    }
}
