//! What stands at the end of a binding's path, in a message that was decoded.

use std::borrow::Cow;

use crate::binding::plan::{Partner, Step};
use crate::xml::tape::{NodeId, Tape};

/// Calls `found` with every value that a path finds below `node`, and the element it stands at.
pub(super) fn each_value<'t>(
    partner: &Partner,
    tape: &Tape<'t>,
    node: NodeId,
    path: &[Step],
    found: &mut impl FnMut(NodeId, Cow<'t, str>),
) {
    match path.split_first() {
        None => found(node, tape.text(node)),
        Some((Step::Attribute(namespace, local), _)) => {
            if let Some(value) = tape.attribute(node, partner.schema.namespace_name(*namespace), local) {
                found(node, value);
            }
        }
        Some((step, rest)) => {
            for child in children(partner, tape, node, step) {
                each_value(partner, tape, child, rest, found);
            }
        }
    }
}

/// Calls `found` with every element that a path of elements finds below `node`.
pub(super) fn each_element(
    partner: &Partner,
    tape: &Tape<'_>,
    node: NodeId,
    path: &[Step],
    found: &mut impl FnMut(NodeId),
) {
    let Some((step, rest)) = path.split_first() else { return found(node) };
    for child in children(partner, tape, node, step) {
        each_element(partner, tape, child, rest, found);
    }
}

/// The child elements that a step means: by their name, or by another that an alias gives it, as the decoder reads them.
fn children<'a>(
    partner: &'a Partner,
    tape: &'a Tape<'_>,
    node: NodeId,
    step: &'a Step,
) -> impl Iterator<Item = NodeId> + 'a {
    let (namespace, wanted) = match step {
        Step::Element(namespace, local) => (tape.namespace_id(partner.schema.namespace_name(*namespace)), &**local),
        Step::Attribute(..) => (None, ""),
    };
    let children = tape.child_elements(node);
    children.filter(move |&child| namespace == Some(tape.namespace(child)) && partner.means(tape.local(child), wanted))
}
