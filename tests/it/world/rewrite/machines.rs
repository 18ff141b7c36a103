//! Without machine names: relay-api's own set-up, and every project on an SDK before 4.37.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::draws::Draws;
use super::super::recording::Recording;
use super::super::rows::process_key;

/// Resource attributes that name a machine, or tell where it stands.
const PLACES: [&str; 4] = ["fly.", "k8s.", "host.", "cloud."];

pub(super) fn forget(recording: &mut Recording, seed: u64) {
    let mut draws = Draws::new(seed, "machines");
    let mut ids: BTreeMap<_, String> = BTreeMap::new();
    for row in &mut recording.rows {
        let id = ids.entry(process_key(row)).or_insert_with(|| draws.uuid()).clone();
        if let Some(resource) = row["otel_resource_attributes"].as_object_mut() {
            resource.retain(|key, _| !PLACES.iter().any(|place| key.starts_with(place)));
            resource.insert(String::from("service.instance.id"), json!(id));
        }
        row["service_instance_id"] = json!(id);
    }
    // Which instance it was can't be told any more.
    for list in ["stuck", "cut_off", "long_but_fine", "long_and_failed", "key_events"] {
        for entry in recording.label[list].as_array_mut().into_iter().flatten() {
            if let Some(instance) = entry.get_mut("instance") {
                *instance = Value::Null;
            }
        }
    }
    recording.label["affected_instances"] = json!([]);
}
