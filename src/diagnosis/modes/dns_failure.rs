//! The database's name does not resolve.

use super::database_down::turned_away;
use crate::diagnosis::{Cause, Documentation, FailureMode, Hits, Judgement, LooksAt, Questions, Remedy, Scene};
use crate::error_text::ErrorClass;

pub(super) static MODE: FailureMode = FailureMode {
    id: "dns-failure",
    title: "the database's name does not resolve",
    documentation: Documentation {
        looks_like: "Every new connection fails within milliseconds with a resolver's words: \"failed to resolve host\", \
            \"Name or service not known\", ENOTFOUND, EAI_AGAIN, \"no such host\". Connections that are open work on until \
            they are recycled.",
        why: "The resolver of the instance does not answer, or the name no longer exists (endpoint deleted, renamed, or a typo in \
            a deploy).",
        confused_with: "database-down fails as fast, with a refusal: there the name resolved. An address that does not answer is \
            never DNS.",
        what_to_do: "Resolve the name from inside an instance. If it resolves elsewhere, it is the instance's resolver: restart or \
            move it. If it resolves nowhere, look at the endpoint and at the last change of its URL.",
    },
    error_classes: &[ErrorClass::Dns],
    cause: Cause::Mechanism,
    remedy: Remedy::Nothing,
    hits: Hits::Suffering,
    looks_at: LooksAt::EachService,
    questions: Questions::General,
    needs: &["errors", "runs", "database"],
    judge,
};

fn judge(scene: &Scene<'_>) -> Judgement {
    let own = scene.failing_with(&[ErrorClass::Dns]);
    turned_away(
        scene,
        &own,
        "to a name that does not resolve",
        "the database's name does not resolve, so no new connection can be made",
        // The words leave no doubt, whatever pooled connections still do.
        None,
    )
}
