#pragma once

#include <cstdint>
#include <string>

#include "base/file_system.h"

/// A file in a workspace's directory that says how the last process left it. It only decides what is opened at start
/// and what waits for a request, never what is read: so it is written without a sync, and a mark that is missing, torn
/// or left over from before a power cut costs time alone.
namespace sluice::tsdb {

enum class LeftAs : uint8_t {
  kUnclosed,  ///< the process ended without closing it (or a version without marks wrote it): its log is to be replayed
  kInUse,  ///< closed at the end of a process, in use until then
  kIdle,  ///< closed because nobody had asked for it
};

LeftAs read_close_mark(FileSystem& fs, const std::string& directory);
/// Best effort. Not for kUnclosed.
void write_close_mark(FileSystem& fs, const std::string& directory, LeftAs left_as);
/// Before anything else of the workspace changes. Best effort.
void remove_close_mark(FileSystem& fs, const std::string& directory);

}  // namespace sluice::tsdb
