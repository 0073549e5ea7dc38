#pragma once

#include <string>

#include "ingest/validate.h"
#include "model/write_batch.h"

namespace sluice::ingest {

/// How a remote write that reached storage is answered.
struct WriteAnswer {
  int status = 200;     ///< 200 or 400
  std::string message;  ///< one line without its line feed, at most limits::kWriteAnswerBytesMax; "" with 200
};

/// 200 when everything is stored, duplicates of what was stored before included. Otherwise 400, after the
/// good part is durable: the message begins with the reason in Prometheus' words and the first series it
/// concerns, then gives the count per reason. Senders drop what is answered 400, which is right: the same
/// request could not fare better later. (Failures of the log are not for here: they are 5xx.)
WriteAnswer answer_write(const RefusalSummary& refusals, const model::AppendOutcome& outcome);

}  // namespace sluice::ingest
