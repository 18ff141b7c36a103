//! x
use super::Case;
pub const TABLE: &[Case] = &[];
