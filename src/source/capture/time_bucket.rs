//! `time_bucket(width, time)`: the start of the bucket that an instant falls into, as the engine's `date_bin`.
//! Buckets count from the epoch; those of whole weeks from a Monday, as in TimescaleDB and DuckDB.

use datafusion::arrow::datatypes::{DataType, IntervalMonthDayNano, IntervalUnit, TimeUnit};
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::functions::datetime::date_bin;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::scalar::ScalarValue;

use super::schema::ZONE;

const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
/// 2000-01-03T00:00:00Z, the Monday that other databases count weeks from, nanoseconds.
const A_MONDAY: i64 = 946_857_600_000_000_000;

/// The function, to register.
pub(super) fn time_bucket() -> ScalarUDF {
    ScalarUDF::new_from_impl(TimeBucket {
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TimeBucket {
    signature: Signature,
}

impl ScalarUDFImpl for TimeBucket {
    fn name(&self) -> &'static str {
        "time_bucket"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let [width, time] = types else {
            return plan_err!(
                "time_bucket takes a width and a timestamp, such as time_bucket('5 minutes', start_timestamp)"
            );
        };
        let width = match width {
            DataType::Interval(_) => INTERVAL,
            _ if width.is_string() => DataType::Utf8,
            other => {
                return plan_err!("the width of time_bucket is an interval such as '5 minutes', not {other}");
            }
        };
        let time = match time {
            DataType::Timestamp(..) => time.clone(),
            DataType::Date32 | DataType::Date64 => DataType::Timestamp(TimeUnit::Microsecond, None),
            _ if time.is_string() || time.is_null() => DataType::Timestamp(TimeUnit::Microsecond, Some(ZONE.into())),
            other => return plan_err!("time_bucket takes a timestamp, not {other}"),
        };
        Ok(vec![width, time])
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [_, time] => Ok(time.clone()),
            _ => plan_err!("time_bucket takes a width and a timestamp"),
        }
    }

    // Not rewritten to `date_bin` while planning: the planner would take that for nanoseconds, whatever the column has,
    // and compare two units.
    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (Some(ColumnarValue::Scalar(width)), Some(time)) = (call.args.first(), call.args.get(1)) else {
            return plan_err!("the width of time_bucket is a constant such as '5 minutes'");
        };
        let interval = interval(width)?;
        let mut args = vec![
            ColumnarValue::Scalar(ScalarValue::IntervalMonthDayNano(Some(interval))),
            time.clone(),
        ];
        if is_weeks(interval) {
            let monday = ScalarValue::TimestampNanosecond(Some(A_MONDAY), Some(ZONE.into()));
            args.push(ColumnarValue::Scalar(monday));
        }
        date_bin().invoke_with_args(ScalarFunctionArgs { args, ..call })
    }
}

fn interval(width: &ScalarValue) -> Result<IntervalMonthDayNano> {
    let interval = match width.cast_to(&INTERVAL) {
        Ok(ScalarValue::IntervalMonthDayNano(Some(interval))) => interval,
        Ok(_) => return plan_err!("the width of time_bucket may not be null"),
        Err(_) => {
            return plan_err!("{width} is no width for time_bucket: it takes an interval such as '5 minutes'");
        }
    };
    if interval.months < 0 || interval.days < 0 || interval.nanoseconds < 0 || is_zero(interval) {
        return plan_err!("the width of time_bucket must be longer than zero");
    }
    Ok(interval)
}

fn is_zero(interval: IntervalMonthDayNano) -> bool {
    interval.months == 0 && interval.days == 0 && interval.nanoseconds == 0
}

fn is_weeks(interval: IntervalMonthDayNano) -> bool {
    interval.months == 0 && interval.nanoseconds == 0 && interval.days % 7 == 0
}
