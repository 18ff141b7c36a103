//! The runbook's open questions about connects that hang while others succeed: as much of an answer as the records carry.

use super::contrast::Contrast;
use crate::diagnosis::Scene;
use crate::episodes::Hanging;
use crate::error_text::{ErrorClass, attempts, classify};
use crate::facts::Second;
use crate::words::{counted, grouped};

/// So many prompt ones on the instances of the hung ones are no chance.
const LEAST_BESIDE: u64 = 3;

/// Why some succeed while others hang.
pub(super) fn why_some(scene: &Scene<'_>, contrast: &Contrast) -> Vec<String> {
    let mut lines: Vec<String> = contrast.differences.iter().map(|one| one.claim.clone()).collect();
    if contrast.compared == 0 {
        return vec![String::from(
            "not known: the hung requests could not be compared with others",
        )];
    }
    if lines.is_empty() {
        lines.push(format!(
            "no attribute tells them apart: {} and {} in the same minutes, compared by {} attributes (instance, route, \
             requests under way and age of the process among them)",
            counted(contrast.hung, "hung request"),
            counted(contrast.fast, "fast one"),
            contrast.attributes
        ));
    }
    let beside = beside(contrast);
    let elsewhere = contrast.fast - beside.min(contrast.fast);
    if beside >= LEAST_BESIDE {
        lines.push(format!(
            "on the same instances {} fast requests stand beside the hung ones: those had a connection that the pool had open \
             already, and the hung ones needed a new one (inferred: whether a checkout connects anew is not in the \
             records{})",
            grouped(beside),
            proof(scene)
        ));
    } else {
        lines.push(format!(
            "on the instances of the hung requests {} fast, elsewhere {}: whether those were given connections that were open \
             already is not known, and not needed to explain it",
            if beside == 0 { String::from("none was") } else { format!("only {beside} were") },
            grouped(elsewhere)
        ));
    }
    lines
}

/// Errors that say themselves that a new connection was being made.
fn proof(scene: &Scene<'_>) -> String {
    let connecting = |hang: &&Hanging<'_>| {
        let class = hang.error.as_deref().and_then(classify);
        matches!(class, Some(ErrorClass::ConnectTimeout)) || hang.addresses > 0
    };
    match scene.hangs.iter().filter(connecting).count() {
        0 => String::new(),
        some => format!(
            "; the errors of {} say so themselves",
            counted(some as u64, "hung request")
        ),
    }
}

/// Which part of the way to the database it is.
pub(super) fn where_it_lies(scene: &Scene<'_>, second: Option<&Second>, contrast: &Contrast) -> Vec<String> {
    let mut lines = Vec::new();
    lines.push(dns(scene, second));
    let one_instance = contrast.differences.iter().find(|one| one.attribute == "instance");
    match one_instance {
        Some(one) => lines.push(format!(
            "it is instance {}: others reach the same database in the same minutes, so look at that machine and its network \
             first",
            one.value
        )),
        None if contrast.instances.len() == 1 => lines.push(String::from(
            "one machine or all: not known, only one instance has records in these minutes",
        )),
        None if contrast.compared > 0 => lines.push(String::from(
            "no single instance: the hung requests are not on one machine more than chance gives",
        )),
        None => {}
    }
    let refused = scene.names(ErrorClass::ConnectRefused);
    lines.push(if refused {
        String::from("the way to the database: some connects were refused, so something answers there")
    } else {
        String::from(
            "the way to the database, or a proxy before it: no connect was refused, new ones got no answer. Which of the two \
             is not known: neither the proxy nor the network has records here",
        )
    });
    if let Some((host, hung, fast)) = &contrast.host {
        lines.push(format!(
            "it is not the choice of the host: {} hung and {} fast requests name the same one, {host}",
            grouped(*hung),
            grouped(*fast)
        ));
    }
    let beside = beside(contrast);
    lines.push(if beside >= LEAST_BESIDE {
        format!(
            "the application's part is its patience: it was alive, for it answered {} requests on the same instances meanwhile, but \
             its connects have no short timeout, and the hung ones fill the pool",
            grouped(beside)
        )
    } else {
        String::from("the application's part: its connects have no short timeout, and the hung ones fill the pool")
    });
    lines
}

fn dns(scene: &Scene<'_>, second: Option<&Second>) -> String {
    let texts = second.map(|second| &second.errors.rows[..]).unwrap_or_default();
    let resolved = texts
        .iter()
        .map(|error| {
            attempts(&error.text)
                .iter()
                .filter(|attempt| attempt.hostaddr.is_some())
                .count()
        })
        .max()
        .unwrap_or_default();
    if scene.names(ErrorClass::Dns) {
        String::from("DNS has a part in it: names failed to resolve in this window (see the errors in the timeline)")
    } else if resolved > 0 {
        format!("not DNS: the name resolved to {resolved} addresses, and those did not answer")
    } else {
        String::from("DNS: no error names it; a resolver that is slow without an error would not show")
    }
}

/// Fast requests on the instances of the hung ones.
fn beside(contrast: &Contrast) -> u64 {
    let own = contrast.instances.iter().filter(|(_, hung, _)| *hung > 0);
    own.map(|(_, _, fast)| fast).sum()
}
