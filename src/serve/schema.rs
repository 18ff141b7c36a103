//! A result's schema as the API writes it: Arrow's types in the form that serde gives them.

use std::sync::Arc;

use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use serde_json::{Value, json};

/// The schema that goes out. The capture's engine keeps some text as views, which the API has not been seen to send.
pub(super) fn outward(schema: &SchemaRef) -> SchemaRef {
    let fields: Vec<Field> = schema.fields().iter().map(|field| outward_field(field)).collect();
    Arc::new(Schema::new(fields))
}

fn outward_field(field: &Field) -> Field {
    let data_type = match field.data_type() {
        DataType::Utf8View => DataType::Utf8,
        DataType::List(item) => DataType::List(Arc::new(outward_field(item))),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|field| outward_field(field)).collect()),
        other => other.clone(),
    };
    field.clone().with_data_type(data_type)
}

/// A batch with the types of [`outward`].
pub(super) fn convert(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| cast(column, field.data_type()))
        .collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// The `schema` object.
pub(super) fn document(schema: &Schema) -> Value {
    let fields: Vec<Value> = schema
        .fields()
        .iter()
        .map(|field| {
            json!({
                "name": field.name(),
                "data_type": data_type(field.data_type()),
                "nullable": field.is_nullable(),
            })
        })
        .collect();
    json!({"fields": fields, "metadata": {}})
}

/// A field inside a type carries more than one at the top.
fn inner(field: &Field) -> Value {
    json!({
        "name": field.name(),
        "data_type": data_type(field.data_type()),
        "nullable": field.is_nullable(),
        "dict_id": 0,
        "dict_is_ordered": false,
        "metadata": {},
    })
}

fn data_type(of: &DataType) -> Value {
    let word = |word: &dyn std::fmt::Debug| format!("{word:?}");
    match of {
        DataType::Timestamp(unit, zone) => json!({"Timestamp": [word(unit), zone.as_deref()]}),
        DataType::Time32(unit) => json!({"Time32": word(unit)}),
        DataType::Time64(unit) => json!({"Time64": word(unit)}),
        DataType::Duration(unit) => json!({"Duration": word(unit)}),
        DataType::Interval(unit) => json!({"Interval": word(unit)}),
        DataType::FixedSizeBinary(size) => json!({"FixedSizeBinary": size}),
        DataType::List(field) => json!({"List": inner(field)}),
        DataType::LargeList(field) => json!({"LargeList": inner(field)}),
        DataType::ListView(field) => json!({"ListView": inner(field)}),
        DataType::LargeListView(field) => json!({"LargeListView": inner(field)}),
        DataType::FixedSizeList(field, size) => json!({"FixedSizeList": [inner(field), size]}),
        DataType::Struct(fields) => {
            json!({"Struct": fields.iter().map(|field| inner(field)).collect::<Vec<_>>()})
        }
        DataType::Union(fields, mode) => {
            let fields: Vec<Value> = fields.iter().map(|(id, field)| json!([id, inner(field)])).collect();
            json!({"Union": [fields, word(mode)]})
        }
        DataType::Dictionary(key, value) => json!({"Dictionary": [data_type(key), data_type(value)]}),
        DataType::Decimal32(precision, scale) => json!({"Decimal32": [precision, scale]}),
        DataType::Decimal64(precision, scale) => json!({"Decimal64": [precision, scale]}),
        DataType::Decimal128(precision, scale) => json!({"Decimal128": [precision, scale]}),
        DataType::Decimal256(precision, scale) => json!({"Decimal256": [precision, scale]}),
        DataType::Map(field, sorted) => json!({"Map": [inner(field), sorted]}),
        DataType::RunEndEncoded(ends, values) => json!({"RunEndEncoded": [inner(ends), inner(values)]}),
        simple => word(simple).into(),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::TimeUnit;

    use super::*;

    #[test]
    fn the_recorded_spelling() {
        let schema = Schema::new(vec![
            Field::new("kind", DataType::Utf8, false),
            Field::new("is_exception", DataType::Boolean, true),
            Field::new("tags", DataType::new_list(DataType::Utf8, true), true),
        ]);
        assert_eq!(
            document(&schema).to_string(),
            r#"{"fields":[{"name":"kind","data_type":"Utf8","nullable":false},{"name":"is_exception","data_type":"Boolean","nullable":true},{"name":"tags","data_type":{"List":{"name":"item","data_type":"Utf8","nullable":true,"dict_id":0,"dict_is_ordered":false,"metadata":{}}},"nullable":true}],"metadata":{}}"#
        );
    }

    #[test]
    fn parametric_types_are_objects() {
        let timestamp = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        assert_eq!(
            data_type(&timestamp).to_string(),
            r#"{"Timestamp":["Microsecond","UTC"]}"#
        );
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        assert_eq!(data_type(&dictionary).to_string(), r#"{"Dictionary":["Int32","Utf8"]}"#);
        assert_eq!(
            data_type(&DataType::Decimal128(38, 9)).to_string(),
            r#"{"Decimal128":[38,9]}"#
        );
        assert_eq!(data_type(&DataType::Date32).to_string(), r#""Date32""#);
    }
}
