//! Cases just under a threshold, and what each rule's documentation says that it is confused with. None of them may be
//! given the name that it looks like.

pub mod database;
pub mod instances;

use super::Case;

pub fn all() -> impl Iterator<Item = &'static Case> {
    instances::TABLE.iter().chain(database::TABLE)
}
