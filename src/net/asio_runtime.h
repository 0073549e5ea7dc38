#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "base/thread_safety.h"
#include "net/runtime.h"
#include "net/thread_pool.h"

namespace sluice::net {

/// The inside of Runtime, for the files of net that speak Asio (runtime.cc, transport.cc). No other includes it.
struct Runtime::Impl {
  Impl(Options options, Logger& log);

  Logger& logger;
  boost::asio::io_context io;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_running;
  std::vector<std::jthread> io_threads;
  ThreadPool compute;
  ThreadPool lookup;
  std::stop_source stop;

  Mutex mutex;
  CondVar ended;
  size_t spawned SLUICE_GUARDED_BY(mutex) = 0;
  bool is_shut_down = false;  ///< of the owning thread
};

}  // namespace sluice::net
