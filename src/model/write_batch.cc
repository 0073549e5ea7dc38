#include "model/write_batch.h"

namespace sluice::model {

void WriteBatch::clear() {
  buffer.clear();
  known_lease.reset();
  labels.clear();
  series.clear();
  samples.clear();
  start_ms.clear();
  histograms.clear();
  exemplars.clear();
  exemplar_labels.clear();
  metadata.clear();
}

size_t WriteBatch::memory_bytes() const {
  return buffer.capacity() + labels.capacity() * sizeof(LabelView) + series.capacity() * sizeof(SeriesEntry) +
         samples.capacity() * sizeof(Sample) + start_ms.capacity() * sizeof(TimestampMs) +
         histograms.capacity() * sizeof(SeriesHistogram) + exemplars.capacity() * sizeof(ExemplarEntry) +
         exemplar_labels.capacity() * sizeof(LabelView) + metadata.capacity() * sizeof(MetadataEntry);
}

}  // namespace sluice::model
