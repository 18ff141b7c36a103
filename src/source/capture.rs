//! Files of records as the tables `records` and `records_all` of an embedded engine, in Logfire's dialect.

use super::{Answer, Request, SourceError};

/// Records of one file or folder.
pub struct Capture {}

impl Capture {
    /// Runs one statement.
    ///
    /// # Errors
    /// [`SourceError::Rejected`] when the engine refuses it.
    pub async fn query(&self, _request: &Request) -> Result<Answer, SourceError> {
        Err(SourceError::Rejected {
            message: String::from("not built yet"),
            at: None,
        })
    }
}
