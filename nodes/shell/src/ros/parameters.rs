//! The six parameter services and `/parameter_events`, over [`Params`].
//!
//! r2r's own parameter handler knows neither ranges nor refusals, so these are served here.

use super::wire::stamp_to_msg;
use super::{Io, Publisher, Service};
use crate::params::{ParamError, ParamSpec, Params, Value};
use r2r::ParameterValue;
use r2r::rcl_interfaces::msg;
use r2r::rcl_interfaces::srv::{
    DescribeParameters, GetParameterTypes, GetParameters, ListParameters, SetParameters,
    SetParametersAtomically,
};

pub(super) struct ParameterServices {
    describe: Service<DescribeParameters::Service>,
    get: Service<GetParameters::Service>,
    get_types: Service<GetParameterTypes::Service>,
    list: Service<ListParameters::Service>,
    set: Service<SetParameters::Service>,
    set_atomically: Service<SetParametersAtomically::Service>,
    events: Publisher<msg::ParameterEvent>,
}

/// Tries to make changes: the outcome, and the parameters as they are then.
pub(super) type Change<'a> = dyn FnMut(&mut Io, Vec<(String, Value)>) -> Result<(), ParamError> + 'a;

impl ParameterServices {
    pub(super) fn open(io: &mut Io) -> anyhow::Result<Self> {
        Ok(Self {
            describe: io.service("~/describe_parameters")?,
            get: io.service("~/get_parameters")?,
            get_types: io.service("~/get_parameter_types")?,
            list: io.service("~/list_parameters")?,
            set: io.service("~/set_parameters")?,
            set_atomically: io.service("~/set_parameters_atomically")?,
            events: io.publisher("/parameter_events", r2r::QosProfile::parameter_events())?,
        })
    }

    /// Answers the questions that came since the last call.
    pub(super) fn answer(&mut self, params: &Params) {
        while let Some(request) = self.describe.take() {
            let names = request.message().names.clone();
            let descriptors = names.iter().map(|name| describe(name, params)).collect();
            request.respond(DescribeParameters::Response { descriptors });
        }
        while let Some(request) = self.get.take() {
            let values = request
                .message()
                .names
                .iter()
                .map(|name| value_to_msg(params.value(name)))
                .collect();
            request.respond(GetParameters::Response { values });
        }
        while let Some(request) = self.get_types.take() {
            let types = request
                .message()
                .names
                .iter()
                .map(|name| value_to_msg(params.value(name)).type_)
                .collect();
            request.respond(GetParameterTypes::Response { types });
        }
        while let Some(request) = self.list.take() {
            let result = list(request.message(), params);
            request.respond(ListParameters::Response { result });
        }
    }

    /// Makes the changes that were asked for since the last call.
    pub(super) fn change(&mut self, io: &mut Io, change: &mut Change<'_>) {
        while let Some(request) = self.set.take() {
            let results = request
                .message()
                .parameters
                .iter()
                .map(|parameter| self.try_change(io, std::slice::from_ref(parameter), change))
                .collect();
            request.respond(SetParameters::Response { results });
        }
        while let Some(request) = self.set_atomically.take() {
            let result = self.try_change(io, &request.message().parameters, change);
            request.respond(SetParametersAtomically::Response { result });
        }
    }

    fn try_change(
        &self,
        io: &mut Io,
        parameters: &[msg::Parameter],
        change: &mut Change<'_>,
    ) -> msg::SetParametersResult {
        let changes = parameters
            .iter()
            .map(|p| value_from_ros(&p.name, value_from_msg(&p.value)))
            .collect::<Result<Vec<_>, _>>();
        match changes.and_then(|changes| change(io, changes)) {
            Ok(()) => {
                self.events.publish(&msg::ParameterEvent {
                    stamp: stamp_to_msg(io.now().unwrap_or_default()),
                    node: io.full_name().to_owned(),
                    changed_parameters: parameters.to_vec(),
                    ..Default::default()
                });
                msg::SetParametersResult {
                    successful: true,
                    reason: String::new(),
                }
            }
            Err(error) => msg::SetParametersResult {
                successful: false,
                reason: error.to_string(),
            },
        }
    }
}

/// A parameter given to this process or by a client.
pub(super) fn value_from_ros(name: &str, value: ParameterValue) -> Result<(String, Value), ParamError> {
    let value = match value {
        ParameterValue::Bool(v) => Value::Bool(v),
        ParameterValue::Integer(v) => Value::Integer(v),
        ParameterValue::Double(v) => Value::Double(v),
        ParameterValue::String(v) => Value::String(v),
        ParameterValue::DoubleArray(v) => Value::DoubleArray(v),
        ParameterValue::IntegerArray(v) => Value::DoubleArray(v.into_iter().map(|i| i as f64).collect()),
        ParameterValue::StringArray(v) => Value::StringArray(v),
        ParameterValue::NotSet | ParameterValue::BoolArray(_) | ParameterValue::ByteArray(_) => {
            return Err(ParamError::Refused(format!(
                "parameter {name}: no parameter of this node can be unset, or a list of booleans or bytes"
            )));
        }
    };
    Ok((name.to_owned(), value))
}

fn value_from_msg(value: &msg::ParameterValue) -> ParameterValue {
    match value.type_ {
        BOOL => ParameterValue::Bool(value.bool_value),
        INTEGER => ParameterValue::Integer(value.integer_value),
        DOUBLE => ParameterValue::Double(value.double_value),
        STRING => ParameterValue::String(value.string_value.clone()),
        BYTE_ARRAY => ParameterValue::ByteArray(value.byte_array_value.clone()),
        BOOL_ARRAY => ParameterValue::BoolArray(value.bool_array_value.clone()),
        INTEGER_ARRAY => ParameterValue::IntegerArray(value.integer_array_value.clone()),
        DOUBLE_ARRAY => ParameterValue::DoubleArray(value.double_array_value.clone()),
        STRING_ARRAY => ParameterValue::StringArray(value.string_array_value.clone()),
        _ => ParameterValue::NotSet,
    }
}

fn value_to_msg(value: Option<&Value>) -> msg::ParameterValue {
    let blank = msg::ParameterValue::default();
    match value.cloned() {
        None => blank,
        Some(Value::Bool(v)) => msg::ParameterValue {
            type_: BOOL,
            bool_value: v,
            ..blank
        },
        Some(Value::Integer(v)) => msg::ParameterValue {
            type_: INTEGER,
            integer_value: v,
            ..blank
        },
        Some(Value::Double(v)) => msg::ParameterValue {
            type_: DOUBLE,
            double_value: v,
            ..blank
        },
        Some(Value::String(v)) => msg::ParameterValue {
            type_: STRING,
            string_value: v,
            ..blank
        },
        Some(Value::DoubleArray(v)) => msg::ParameterValue {
            type_: DOUBLE_ARRAY,
            double_array_value: v,
            ..blank
        },
        Some(Value::StringArray(v)) => msg::ParameterValue {
            type_: STRING_ARRAY,
            string_array_value: v,
            ..blank
        },
    }
}

fn describe(name: &str, params: &Params) -> msg::ParameterDescriptor {
    let Some(spec) = params.spec(name) else {
        return msg::ParameterDescriptor {
            name: name.to_owned(),
            ..Default::default()
        };
    };
    let (floating_point_range, integer_range) = ranges(spec);
    msg::ParameterDescriptor {
        name: name.to_owned(),
        type_: value_to_msg(params.value(name)).type_,
        description: spec.description().to_owned(),
        additional_constraints: if spec.is_live() {
            "can be changed at any time".to_owned()
        } else {
            "read when the node is configured".to_owned()
        },
        read_only: false,
        dynamic_typing: false,
        floating_point_range,
        integer_range,
    }
}

fn ranges(spec: &ParamSpec) -> (Vec<msg::FloatingPointRange>, Vec<msg::IntegerRange>) {
    match (spec.range(), spec.default_value()) {
        (Some((low, high)), Value::Integer(_)) => (
            Vec::new(),
            vec![msg::IntegerRange {
                from_value: low as i64,
                to_value: high as i64,
                step: 0,
            }],
        ),
        (Some((from_value, to_value)), _) => (
            vec![msg::FloatingPointRange {
                from_value,
                to_value,
                step: 0.0,
            }],
            Vec::new(),
        ),
        (None, _) => (Vec::new(), Vec::new()),
    }
}

/// Lists names; groups are what stands before a dot.
fn list(request: &ListParameters::Request, params: &Params) -> msg::ListParametersResult {
    let below = |name: &str, prefix: &str| {
        name == prefix
            || name
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.starts_with('.'))
    };
    let depth_ok = |name: &str, prefix: &str| {
        let rest = name.strip_prefix(prefix).unwrap_or(name).trim_start_matches('.');
        request.depth == 0 || (rest.matches('.').count() as u64) < request.depth
    };
    let names: Vec<String> = params
        .specs()
        .iter()
        .map(ParamSpec::name)
        .filter(|name| {
            if request.prefixes.is_empty() {
                depth_ok(name, "")
            } else {
                request
                    .prefixes
                    .iter()
                    .any(|prefix| below(name, prefix) && depth_ok(name, prefix))
            }
        })
        .map(str::to_owned)
        .collect();
    let mut prefixes: Vec<String> = names
        .iter()
        .filter_map(|name| Some(name.rsplit_once('.')?.0.to_owned()))
        .collect();
    prefixes.sort();
    prefixes.dedup();
    msg::ListParametersResult { names, prefixes }
}

// The numbers of rcl_interfaces/msg/ParameterType.
const BOOL: u8 = 1;
const INTEGER: u8 = 2;
const DOUBLE: u8 = 3;
const STRING: u8 = 4;
const BYTE_ARRAY: u8 = 5;
const BOOL_ARRAY: u8 = 6;
const INTEGER_ARRAY: u8 = 7;
const DOUBLE_ARRAY: u8 = 8;
const STRING_ARRAY: u8 = 9;
