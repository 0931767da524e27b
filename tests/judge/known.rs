//! Where libxml2 is known to judge wrongly, each with the clause that says so. Narrow on purpose: a disagreement that
//! no predicate here matches counts against us.

use lienthong::schema::model::Schema;

use super::Disagreement;

/// One defect of libxml2.
#[derive(Debug)]
pub struct Defect {
    /// What it does.
    pub about: &'static str,
    /// The clause of the standard that it breaks.
    pub clause: &'static str,
    applies: fn(&Disagreement, &Schema) -> bool,
}

/// The defect that explains a disagreement, where one does.
pub fn explain(disagreement: &Disagreement, schema: &Schema) -> Option<&'static Defect> {
    DEFECTS.iter().find(|defect| (defect.applies)(disagreement, schema))
}

const DEFECTS: &[Defect] = &[];
