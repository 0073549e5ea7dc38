#include "cli/config_files.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/temp_directory.h"
#include "crypto/certificate.h"

namespace sluice::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr UnixSeconds kNow = 1'800'000'000;
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// An EC key, as an issuer publishes it.
std::string jwk(std::string_view kid) {
  return fmt::format(
      R"({{"kty":"EC","crv":"P-256","use":"sig","kid":"{}",)"
      R"("x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}})",
      kid);
}

class ConfigFilesTest : public testing::Test {
 protected:
  LoadedConfig load(const std::string& text) {
    return parse_config(text, "sluice.yaml", [](const std::string&) { return std::nullopt; }, problems);
  }
  ConfigFiles read(const std::string& text) { return read_config_files(load(text), *fs, runtime, problems); }

  std::string write_certificate(const std::string& name, const crypto::PrivateKey& key, UnixSeconds not_after) {
    return directory.write(name,
                           *crypto::make_self_signed_certificate(key, {"test", {"localhost"}, kNow - 100, not_after}));
  }
  std::string root_key(const std::string& file) {
    return "aws:\n  root_access_key_id: AKIASLU0ABCDEFGH2345\n  root_secret_access_key_file: " + file + "\n";
  }

  const test::TempDirectory directory;
  const std::unique_ptr<FileSystem> fs = make_posix_file_system();
  const std::unique_ptr<Logger> logger = make_null_logger();
  net::Runtime runtime{{.io_threads = 1, .compute_threads = 1, .lookup_threads = 1}, *logger};
  ConfigProblems problems;
};

TEST_F(ConfigFilesTest, WithoutFilesThereIsAFetcherAlone) {
  const ConfigFiles files = read("");
  EXPECT_THAT(problems.errors(), IsEmpty());
  EXPECT_NE(files.fetcher, nullptr);
  EXPECT_TRUE(files.pinned.empty());
  EXPECT_FALSE(files.root_key);
}

TEST_F(ConfigFilesTest, ReadsPinnedKeys) {
  const std::string file =
      directory.write("jwks.json", R"({"keys":[)" + jwk("a") + R"(,{"kty":"oct","kid":"b","k":"AAAA"}]})");
  const ConfigFiles files = read("oidc:\n  pinned_jwks:\n    - {issuer: \"https://x\", file: " + file + "}\n");
  EXPECT_THAT(problems.errors(), IsEmpty());
  ASSERT_EQ(files.pinned.count("https://x"), 1u);
  EXPECT_NE(files.pinned.at("https://x")->find("a"), nullptr);
  EXPECT_THAT(problems.warnings(), ElementsAre(StartsWith("sluice.yaml:3: oidc.pinned_jwks[0].file: 1 of ")));
}

TEST_F(ConfigFilesTest, TellsWhatIsWrongWithEachPinnedFile) {
  const std::string text = directory.write("text.json", "hello");
  const std::string empty = directory.write("empty.json", R"({"keys":[]})");
  const std::string oct = directory.write("oct.json", R"({"keys":[{"kty":"oct","kid":"b","k":"AAAA"}]})");
  read(
      "oidc:\n  pinned_jwks:\n"
      "    - {issuer: \"https://a\", file: /nonexistent/jwks.json}\n"
      "    - {issuer: \"https://b\", file: " +
      text +
      "}\n"
      "    - {issuer: \"https://c\", file: " +
      empty +
      "}\n"
      "    - {issuer: \"https://d\", file: " +
      oct + "}\n");
  EXPECT_THAT(
      problems.errors(),
      ElementsAre(AllOf(StartsWith("sluice.yaml:3: oidc.pinned_jwks[0].file: "), HasSubstr("/nonexistent/jwks.json")),
                  AllOf(StartsWith("sluice.yaml:4: oidc.pinned_jwks[1].file: "), HasSubstr("is no JWKS: ")),
                  AllOf(StartsWith("sluice.yaml:5: oidc.pinned_jwks[2].file: "), HasSubstr("no usable signing key")),
                  AllOf(StartsWith("sluice.yaml:6: oidc.pinned_jwks[3].file: "), HasSubstr("key 'b': "))));
}

TEST_F(ConfigFilesTest, ACaFileThatIsNoneIsNamedWithItsLine) {
  const std::string file = directory.write("ca.pem", "no certificate");
  const ConfigFiles files = read("oidc:\n  allow:\n    ca_file: " + file + "\n");
  EXPECT_EQ(files.fetcher, nullptr);
  EXPECT_THAT(problems.errors(),
              ElementsAre(AllOf(StartsWith("sluice.yaml:3: oidc.allow.ca_file: "), HasSubstr(file))));
}

TEST_F(ConfigFilesTest, ReadsTheRootSecretWithoutItsLineBreak) {
  for (const char* end : {"", "\n", "\r\n"}) {
    const ConfigFiles files = read(root_key(directory.write("secret", std::string(kSecret) + end)));
    ASSERT_THAT(problems.errors(), IsEmpty());
    ASSERT_TRUE(files.root_key);
    EXPECT_EQ(files.root_key->access_key_id, "AKIASLU0ABCDEFGH2345");
    EXPECT_EQ(files.root_key->secret_access_key.reveal(), kSecret);
    EXPECT_THAT(problems.warnings(), IsEmpty());
  }
}

TEST_F(ConfigFilesTest, WarnsOfASecretThatOthersCanRead) {
  const std::string file = directory.write("secret", kSecret);
  std::filesystem::permissions(file, std::filesystem::perms(0640));
  EXPECT_TRUE(read(root_key(file)).root_key);
  EXPECT_THAT(problems.errors(), IsEmpty());
  EXPECT_THAT(
      problems.warnings(),
      ElementsAre(
          "sluice.yaml:3: aws.root_secret_access_key_file: others than its owner may read the file (mode 0640); "
          "wanted 0600 or 0400"));
}

TEST_F(ConfigFilesTest, RefusesABadSecretWithoutQuotingIt) {
  const std::string inside(kSecret);
  for (const std::string& content :
       {std::string(), std::string("\n"), inside.substr(0, 30), inside + " ", " " + inside, inside + "\n\n",
        inside + "\nsecond", std::string(129, 'a'), std::string(5000, 'a'), "secret=" + inside + "\"",
        inside + std::string(1, '\0')}) {
    problems = ConfigProblems();
    EXPECT_FALSE(read(root_key(directory.write("secret", content))).root_key) << content.size();
    ASSERT_EQ(problems.errors().size(), 1u) << content.size();
    EXPECT_THAT(problems.errors()[0], AllOf(StartsWith("sluice.yaml:3: aws.root_secret_access_key_file: "),
                                            HasSubstr("wanted "), Not(HasSubstr("wJalr")), Not(HasSubstr("aaaa"))));
  }
}

TEST_F(ConfigFilesTest, ASecretWrittenInPlaceOfItsPathIsNotQuotedEither) {
  read(root_key(std::string(kSecret)));
  EXPECT_THAT(problems.errors(),
              ElementsAre("sluice.yaml:3: aws.root_secret_access_key_file: there is no such file; wanted the "
                          "path (not shown) of a file that holds the secret alone"));
}

TEST_F(ConfigFilesTest, ChecksTheCertificate) {
  const auto key = *crypto::PrivateKey::generate_ec();
  const auto other = *crypto::PrivateKey::generate_ec();
  const std::string cert_file = write_certificate("a.pem", key, kNow + 1000);
  const std::string key_file = directory.write("a.key", key.pem().reveal());
  const std::string other_file = directory.write("b.key", other.pem().reveal());
  const auto check = [&](const std::string& cert, const std::string& private_key) {
    problems = ConfigProblems();
    const auto not_after = check_tls_files(
        load("web:\n  tls:\n    cert_file: " + cert + "\n    key_file: " + private_key + "\n"), kNow, problems);
    EXPECT_EQ(not_after.has_value(), !problems.has_errors());
    return problems.errors().empty() ? "" : problems.errors().front();
  };
  EXPECT_EQ(check(cert_file, key_file), "");
  EXPECT_THAT(check(cert_file, other_file),
              AllOf(StartsWith("sluice.yaml:4: web.tls.key_file: "), HasSubstr("does not belong")));
  EXPECT_THAT(check("/nonexistent.pem", key_file),
              AllOf(StartsWith("sluice.yaml:3: web.tls.cert_file: "), HasSubstr("/nonexistent.pem")));
  EXPECT_THAT(check(cert_file, "/nonexistent.key"),
              AllOf(StartsWith("sluice.yaml:4: web.tls.key_file: "), HasSubstr("/nonexistent.key")));
  EXPECT_THAT(check(write_certificate("old.pem", key, kNow - 1), key_file),
              AllOf(StartsWith("sluice.yaml:3: web.tls.cert_file: "), HasSubstr("expired")));
}

}  // namespace
}  // namespace sluice::cli
