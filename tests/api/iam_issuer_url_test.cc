#include "api/iam_issuer_url.h"

#include <gtest/gtest.h>

namespace sluice::api {
namespace {

TEST(IamIssuerUrlTest, KeepsWhatIssMustEqual) {
  struct Case {
    const char* url;
    const char* kept;
  };
  for (const Case& c :
       {Case{"https://h.example.com/path/", "h.example.com/path/"},
        Case{"https://h.example.com/path", "h.example.com/path"}, Case{"https://h.example.com", "h.example.com"},
        Case{"https://h.example.com/", "h.example.com/"},
        Case{"https://HOST.EXAMPLE.COM/MixedCase", "HOST.EXAMPLE.COM/MixedCase"},
        Case{"https://h.example.com:443", "h.example.com"}, Case{"https://h.example.com:443/", "h.example.com/"},
        Case{"https://h.example.com:8443/id", "h.example.com:8443/id"},
        Case{"https://h.example.com:4430", "h.example.com:4430"},
        Case{"https://h.example.com/a:443", "h.example.com/a:443"},
        Case{"https://[2001:db8::443]/x", "[2001:db8::443]/x"}}) {
    auto kept = provider_url(c.url);
    ASSERT_TRUE(kept) << c.url << ": " << kept.error().message;
    EXPECT_EQ(*kept, c.kept);
  }
}

TEST(IamIssuerUrlTest, RefusesAQueryOrFragmentInAmazonsWords) {
  for (const char* url : {"https://h/?q=value", "https://h/#fragment", "https://h?q"}) {
    auto kept = provider_url(url);
    ASSERT_FALSE(kept) << url;
    EXPECT_EQ(kept.error().status, 400);
    EXPECT_EQ(kept.error().code, "InvalidInput");
    EXPECT_EQ(kept.error().message, "Unknown");
  }
}

TEST(IamIssuerUrlTest, RefusesWhatIsNoPublicName) {
  for (const char* url : {"http://h.example.com", "h.example.com", "HTTPS://h.example.com", "https://", "https:///path",
                          "https://user@h.example.com", "https://user:pass@h.example.com", "https://h example.com",
                          "https://h.example.com/\n", "https://h.example.com/*", "https://h\xc3\xa9.example.com",
                          "https://h.example.com:port", "https://h.example.com:99999", ""}) {
    auto kept = provider_url(url);
    ASSERT_FALSE(kept) << url;
    EXPECT_EQ(kept.error().code, "ValidationError") << url;
  }
}

}  // namespace
}  // namespace sluice::api
