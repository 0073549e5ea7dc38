#pragma once

#include "model/sample.h"

namespace sluice::tsdb {

/// Puts the rows of `other` into `column`. Of two at one time that of `column` stays. A histogram that now follows a
/// row of the other column no longer says that there was no reset before it.
void merge_column(model::SampleColumn& column, const model::SampleColumn& other);

}  // namespace sluice::tsdb
