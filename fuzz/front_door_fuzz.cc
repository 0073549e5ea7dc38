// uses: net
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <zlib.h>

#include "base/check.h"
#include "net/content_coding.h"
#include "net/trusted_proxies.h"

namespace {

using sluice::net::IpAddress;

/// The text's lines as the values of one header, given that often.
sluice::http::Headers fields_of(std::string_view name, std::string_view text) {
  sluice::http::Headers headers;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    headers.add(std::string(name), std::string(text.substr(0, end)));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return headers;
}

/// What policies decide by is always an address: the peer's, or one that is no proxy and stands in the header.
void check_origin(std::string_view text) {
  static const auto proxies = sluice::net::TrustedProxies::parse({"10.0.0.0/8", "fd00::/8"}).value();
  const auto headers = fields_of("X-Forwarded-For", text);
  const auto believed = proxies.origin("10.0.0.7", headers);
  const auto address = IpAddress::parse(believed.address);
  SLUICE_CHECK(address.has_value(), "an address");
  if (believed.was_forwarded) {
    SLUICE_CHECK(!proxies.contains(*address), "a client is no proxy");
    SLUICE_CHECK(unmapped(*address) == *address, "IPv4 is IPv4");
  } else {
    SLUICE_CHECK(believed.address == "10.0.0.7", "the peer's own");
  }
  const auto ignored = proxies.origin("192.0.2.1", headers);
  SLUICE_CHECK(ignored.address == "192.0.2.1" && !ignored.is_forwarded_tls, "strangers are not believed");
  const auto scheme = proxies.origin("10.0.0.7", fields_of("X-Forwarded-Proto", text));
  SLUICE_CHECK(!scheme.is_forwarded_tls || text.size() >= 5, "said by a word at least");
}

/// A compressed body is smaller and unpacks to what it was.
void check_gzip(std::string_view text) {
  auto response = sluice::http::Response::text(200, std::string(text) + std::string(text));
  const std::string before = response.body;
  sluice::net::gzip_body(response, {});
  if (!response.headers.find("Content-Encoding")) {
    SLUICE_CHECK(response.body == before, "left alone");
    return;
  }
  SLUICE_CHECK(response.body.size() < before.size(), "smaller");
  std::string unpacked(before.size() + 1, '\0');
  z_stream stream{};
  SLUICE_CHECK(inflateInit2(&stream, 15 + 16) == Z_OK, "zlib begins");
  stream.next_in = reinterpret_cast<Bytef*>(response.body.data());
  stream.avail_in = static_cast<uInt>(response.body.size());
  stream.next_out = reinterpret_cast<Bytef*>(unpacked.data());
  stream.avail_out = static_cast<uInt>(unpacked.size());
  const int result = inflate(&stream, Z_FINISH);
  unpacked.resize(stream.total_out);
  inflateEnd(&stream);
  SLUICE_CHECK(result == Z_STREAM_END && unpacked == before, "the same");
}

}  // namespace

/// The first byte chooses the header, the rest is its values, one a line.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: check_origin(text); break;
    case 1: sluice::net::prefers_gzip(fields_of("Accept-Encoding", text)); break;
    case 2: check_gzip(text); break;
  }
  return 0;
}
