//! Python has no types for objects without a name: each gets one, after the place where it stands.

use std::collections::BTreeSet;

use crate::naming::service_classes;
use crate::offers::Offers;
use crate::schema::{Definition, Definitions, Doc, Type};
use crate::spelling::{pascal, type_name};

/// The same offers, in which every object that has fields has a name. Fields that may not be there are left out.
pub(crate) fn lifted(offers: &Offers) -> Offers {
    let mut offers = offers.clone();
    let services = service_classes(&offers.services).into_values();
    let taken = offers.types.keys().cloned().chain(services).collect();
    let mut lifting = Lifting { taken, lifted: Definitions::new() };
    for (name, definition) in &mut offers.types {
        match &mut definition.of {
            Type::Error { data, .. } => lifting.lift(data, &format!("{name}Data")),
            of => lifting.parts_of(of, name),
        }
    }
    for service in &mut offers.services {
        for function in &mut service.functions {
            let own = format!("{}{}", pascal(&service.name), pascal(&function.name));
            for param in function.params.iter_mut().chain(&mut function.input) {
                lifting.lift(&mut param.of, &format!("{own}{}", pascal(&param.name)));
            }
            let ending = if function.stream { "Item" } else { "Result" };
            lifting.lift(&mut function.result, &format!("{own}{ending}"));
        }
    }
    offers.types.extend(lifting.lifted);
    offers
}

struct Lifting {
    taken: BTreeSet<String>,
    lifted: Definitions,
}

impl Lifting {
    /// Gives it that name, or one that is free, if it has fields and none.
    fn lift(&mut self, of: &mut Type, name: &str) {
        if !matches!(of, Type::Object(object) if !object.fields.is_empty()) {
            return self.parts_of(of, name);
        }
        let name = type_name(name);
        let mut own = name.clone();
        let mut number = 2;
        while !self.taken.insert(own.clone()) {
            own = format!("{name}{number}");
            number += 1;
        }
        self.parts_of(of, &own);
        let of = std::mem::replace(of, Type::Named(own.clone()));
        self.lifted.insert(own, Definition { of, doc: Doc::default() });
    }

    fn parts_of(&mut self, of: &mut Type, name: &str) {
        if let Type::Object(object) = of {
            object.fields.retain(|field| field.of != Type::Never);
            for field in &mut object.fields {
                self.lift(&mut field.of, &format!("{name}{}", pascal(&field.name)));
            }
            return;
        }
        of.parts_mut(&mut |part| self.lift(part, name));
    }
}
