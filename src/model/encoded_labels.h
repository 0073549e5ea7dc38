#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/labels.h"

namespace sluice::model {

/// A label set as a remote write request spells it: the label fields of prometheus.TimeSeries, one after the other
/// (prompb/types.proto). The *canonical* encoding of a set is what a protobuf writer makes of it in packed order:
/// for each label `0a` size `0a` varint(name size) name `12` varint(value size) value, every varint in its shortest
/// form. Senders of Prometheus' family send exactly that, so a series that is known can be told by comparing
/// bytes, without decoding, sorting or judging its labels again. Thread-safe, as all here.

/// True when `encoded` is the canonical encoding of the set whose packed form is `packed`. Neither need be
/// well-formed; what is not never matches.
bool is_encoding_of(std::string_view encoded, std::string_view packed);

/// Replaces `labels` by those of an encoding, borrowing its bytes; by none, and false, when it is no sequence of name
/// and value pairs. Canonical ones are taken, and some others.
bool decode_labels(std::string_view encoded, std::vector<LabelView>& labels);

/// Appends the canonical encoding of a packed form.
void append_encoding(std::string_view packed, std::string& out);

}  // namespace sluice::model
