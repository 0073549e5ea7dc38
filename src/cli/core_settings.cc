#include "cli/setting_types.h"
#include "sts/access_key_id.h"

namespace sluice::cli {

namespace {

constexpr uint64_t kHeadBytesMin = uint64_t{1} << 20;
constexpr uint64_t kHeadBytesMax = uint64_t{1} << 44;
constexpr uint64_t kDiskReserveBytesMax = uint64_t{1} << 44;
constexpr int64_t kDeletedRetentionSecondsMax = 365 * 86'400;
constexpr int64_t kOutOfOrderWindowSecondsMax = 30 * 86'400;
constexpr uint64_t kExemplarsMax = 10'000'000;
constexpr int64_t kSyncIntervalMsMin = 10;
constexpr int64_t kSyncIntervalMsMax = 60'000;
constexpr int64_t kRetentionDaysMax = 36'500;
constexpr uint64_t kRetentionBytesMax = uint64_t{1} << 54;
constexpr int64_t kIdleCloseSecondsMax = 30 * 86'400;

Setting log_level() {
  const std::string wanted = "debug, info, warn or error";
  auto read = [wanted](const ConfigNode& node, ServeConfig& config) -> Result<void> {
    SLUICE_ASSIGN(const std::string text, scalar_text(node, wanted));
    const auto level = parse_log_level(text);
    if (!level) return not_accepted(node, wanted);
    config.log_level = *level;
    return {};
  };
  auto show = [](const ServeConfig& c) -> std::string {
    switch (c.log_level) {
      case LogLevel::kDebug: return "debug";
      case LogLevel::kInfo: return "info";
      case LogLevel::kWarn: return "warn";
      case LogLevel::kError: return "error";
    }
    return "info";
  };
  return {"log.level",     wanted,          Applies::kOnReload,
          std::move(read), std::move(show), copy_of([](auto& c) -> auto& { return c.log_level; })};
}

Setting log_format() {
  const std::string wanted = "logfmt or json";
  auto read = [wanted](const ConfigNode& node, ServeConfig& config) -> Result<void> {
    SLUICE_ASSIGN(const std::string text, scalar_text(node, wanted));
    if (text != "logfmt" && text != "json") return not_accepted(node, wanted);
    config.log_format = text == "json" ? LogFormat::kJson : LogFormat::kLogfmt;
    return {};
  };
  auto show = [](const ServeConfig& c) { return c.log_format == LogFormat::kJson ? "json" : "logfmt"; };
  return {"log.format",    wanted,          Applies::kOnRestart,
          std::move(read), std::move(show), copy_of([](auto& c) -> auto& { return c.log_format; })};
}

Setting disk_reserve() {
  const std::string wanted = fmt::format("auto, or a whole number of bytes, 0 to {}", kDiskReserveBytesMax);
  auto read = [wanted](const ConfigNode& node, ServeConfig& config) -> Result<void> {
    SLUICE_ASSIGN(const std::string text, scalar_text(node, wanted));
    if (text == "auto") {
      config.disk_reserve_bytes.reset();
      return {};
    }
    SLUICE_ASSIGN(config.disk_reserve_bytes,
                  read_integer<uint64_t>(node, Range<uint64_t>{0, kDiskReserveBytesMax}, wanted));
    return {};
  };
  auto show = [](const ServeConfig& c) {
    return c.disk_reserve_bytes ? fmt::format("{}", *c.disk_reserve_bytes) : std::string("auto");
  };
  return {"storage.disk_reserve_bytes",
          wanted,
          Applies::kOnRestart,
          std::move(read),
          std::move(show),
          copy_of([](auto& c) -> auto& { return c.disk_reserve_bytes; })};
}

Setting ack() {
  const std::string wanted = "fsync or buffered";
  auto read = [wanted](const ConfigNode& node, ServeConfig& config) -> Result<void> {
    SLUICE_ASSIGN(const std::string text, scalar_text(node, wanted));
    if (text != "fsync" && text != "buffered") return not_accepted(node, wanted);
    config.ack = text == "fsync" ? journal::Ack::kFsync : journal::Ack::kBuffered;
    return {};
  };
  auto show = [](const ServeConfig& c) { return c.ack == journal::Ack::kFsync ? "fsync" : "buffered"; };
  return {"storage.ack",   wanted,          Applies::kOnRestart,
          std::move(read), std::move(show), copy_of([](auto& c) -> auto& { return c.ack; })};
}

bool all_of(std::string_view text, std::string_view alphabet) {
  return text.find_first_not_of(alphabet) == std::string_view::npos;
}

Result<void> check_region(const std::string& region) {
  if (!region.empty() && all_of(region, "abcdefghijklmnopqrstuvwxyz0123456789-")) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is not a region's name; wanted lower-case letters, digits and '-', e.g. us-east-1",
                          printable(region, kQuotedValueBytesMax)));
}

Result<void> check_path(const std::string&) { return {}; }

Result<void> check_account_id(const std::string& id) {
  if (id.size() == 12 && all_of(id, "0123456789")) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is not an account id; wanted 12 digits, quoted", printable(id, kQuotedValueBytesMax)));
}

/// Says nothing of the value: a secret may have been put here by mistake.
Result<void> check_root_key_id(const std::string& id) {
  if (sts::classify_access_key_id(id) == sts::AccessKeyKind::kLongLived) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      "the value (not shown) is not an access key id of this collector's kind; wanted AKIASLU0 and 12 of A-Z and "
      "2-7. The ids of Amazon's own keys are not taken: one pair should open one door");
}

/// A text that must not be empty.
template <class Field>
Setting required_text(std::string_view key, Applies applies, Field field, std::string wanted, TextCheck check) {
  Setting setting = text_setting(key, applies, field, wanted, std::move(check));
  setting.read = [read = std::move(setting.read), wanted](const ConfigNode& node, ServeConfig& config) -> Result<void> {
    if (node.text.empty()) return not_accepted(node, wanted);
    return read(node, config);
  };
  return setting;
}

/// Refused with its own text, for whoever looks for the key that the other file formats have.
Setting inline_secret() {
  auto read = [](const ConfigNode&, ServeConfig&) -> Result<void> {
    return fail(ErrorCode::kInvalidArgument,
                "a secret does not belong in this file; put it into a file of its own, readable by its owner only, and "
                "name that file in aws.root_secret_access_key_file");
  };
  return {"aws.root_secret_access_key", "", Applies::kOnRestart, std::move(read), nullptr, nullptr};
}

}  // namespace

std::vector<Setting> storage_and_log_settings() {
  return {
      required_text(
          "storage.path", Applies::kOnRestart, [](auto& c) -> auto& { return c.storage_path; }, "a directory's path",
          check_path),
      ack(),
      integer_setting(
          "storage.sync_interval_ms", Applies::kOnRestart, [](auto& c) -> auto& { return c.sync_interval_ms; },
          "milliseconds", Range<int64_t>{kSyncIntervalMsMin, kSyncIntervalMsMax}),
      disk_reserve(),
      text_setting(
          "storage.backup_directory", Applies::kOnRestart, [](auto& c) -> auto& { return c.backup_directory; },
          "a directory's path"),
      text_setting(
          "storage.backup_key_file", Applies::kOnRestart, [](auto& c) -> auto& { return c.backup_key_file; },
          "the path of a file with the key alone"),
      integer_setting(
          "storage.deleted_retention_seconds", Applies::kOnRestart,
          [](auto& c) -> auto& { return c.deleted_retention_seconds; }, "seconds",
          Range<int64_t>{0, kDeletedRetentionSecondsMax}),
      integer_setting(
          "storage.idle_close_seconds", Applies::kOnRestart, [](auto& c) -> auto& { return c.idle_close_seconds; },
          "seconds", Range<int64_t>{0, kIdleCloseSecondsMax}),
      integer_setting(
          "storage.head_bytes_max", Applies::kOnRestart, [](auto& c) -> auto& { return c.head_bytes_max; }, "bytes",
          Range<uint64_t>{kHeadBytesMin, kHeadBytesMax}),
      integer_setting(
          "storage.out_of_order_window_seconds", Applies::kOnRestart,
          [](auto& c) -> auto& { return c.out_of_order_window_seconds; }, "seconds",
          Range<int64_t>{0, kOutOfOrderWindowSecondsMax}),
      integer_setting(
          "storage.exemplars_max", Applies::kOnRestart, [](auto& c) -> auto& { return c.exemplars_max; }, "exemplars",
          Range<uint64_t>{0, kExemplarsMax}),
      integer_setting(
          "storage.retention_days", Applies::kOnRestart, [](auto& c) -> auto& { return c.retention_days; }, "days",
          Range<int64_t>{0, kRetentionDaysMax}),
      integer_setting(
          "storage.retention_bytes", Applies::kOnRestart, [](auto& c) -> auto& { return c.retention_bytes; }, "bytes",
          Range<uint64_t>{0, kRetentionBytesMax}),
      log_level(),
      log_format(),
  };
}

std::vector<Setting> aws_settings() {
  return {
      text_setting(
          "aws.account_id", Applies::kOnRestart, [](auto& c) -> auto& { return c.account_id; }, "12 digits, quoted",
          check_account_id),
      required_text(
          "aws.region", Applies::kOnRestart, [](auto& c) -> auto& { return c.region; },
          "a region's name, e.g. us-east-1", check_region),
      list_setting(
          "aws.accepted_regions", Applies::kOnReload, [](auto& c) -> auto& { return c.accepted_regions; },
          "a list of region names", check_region),
      text_setting(
          "aws.root_access_key_id", Applies::kOnRestart, [](auto& c) -> auto& { return c.root_access_key_id; },
          "an access key id: AKIASLU0 and 12 of A-Z and 2-7", check_root_key_id),
      text_setting(
          "aws.root_secret_access_key_file", Applies::kOnRestart,
          [](auto& c) -> auto& { return c.root_secret_access_key_file; }, "the path of a file with the secret alone"),
      inline_secret(),
  };
}

std::vector<Setting> query_settings() {
  return {
      integer_setting(
          "query.timeout_seconds", Applies::kOnReload, [](auto& c) -> auto& { return c.query_timeout_seconds; },
          "seconds", Range<int64_t>{1, 86'400}),
      integer_setting(
          "query.samples_max", Applies::kOnReload, [](auto& c) -> auto& { return c.query_samples_max; }, "samples",
          Range<uint64_t>{1, 1'000'000'000'000}),
      integer_setting(
          "query.lookback_delta_seconds", Applies::kOnReload, [](auto& c) -> auto& { return c.lookback_delta_seconds; },
          "seconds", Range<int64_t>{1, 86'400}),
  };
}

}  // namespace sluice::cli
