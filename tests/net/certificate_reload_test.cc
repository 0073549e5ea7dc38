#include <fstream>

#include <gmock/gmock.h>

#include "net/http_server.h"
#include "net/net_fixture.h"
#include "net/tls_client.h"

namespace sluice::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class CertificateReloadTest : public NetTest {
 protected:
  CertificateReloadTest() {
    ServerOptions options;
    options.tls = certificates.files;
    server = serve(handler, options);
  }

  /// The error of a reload that must fail, while new connections still get the first pair.
  std::string refusal_of_reload() {
    const auto reloaded = server->reload_certificate();
    EXPECT_EQ(TlsClient(server->port()).common_name(), "test server");
    if (reloaded) return "accepted";
    EXPECT_EQ(reloaded.error().code, ErrorCode::kInvalidArgument);
    return reloaded.error().message;
  }

  Certificates certificates{{"localhost"}};
  ScriptedHandler handler{echo};
  std::unique_ptr<HttpServer> server;
};

TEST_F(CertificateReloadTest, NewConnectionsGetTheNewPairAndOpenOnesLiveOn) {
  TlsClient before(server->port());
  EXPECT_EQ(before.common_name(), "test server");
  certificates.renew("renewed");
  ASSERT_TRUE(server->reload_certificate());
  EXPECT_EQ(TlsClient(server->port()).common_name(), "renewed") << "the very next connection";
  before.send("GET /still HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(before.read_until("GET /still "), EndsWith("GET /still "));
}

TEST_F(CertificateReloadTest, TheMetricFollowsTheCertificateInUse) {
  const auto exposed = [](UnixSeconds at) {
    return fmt::format("sluice_tls_certificate_not_after_seconds{{listener=\"public\"}} {}\n", at);
  };
  EXPECT_THAT(metrics.expose(), HasSubstr(exposed(certificates.kNow + 3600)));
  certificates.renew("renewed", certificates.kNow - 60, certificates.kNow + 7200);
  ASSERT_TRUE(server->reload_certificate());
  EXPECT_THAT(metrics.expose(), HasSubstr(exposed(certificates.kNow + 7200)));
}

TEST_F(CertificateReloadTest, AKeyOfAnotherCertificateIsRefusedAndTheOldPairStays) {
  certificates.directory.write("key.pem", crypto::PrivateKey::generate_ec().value().pem().reveal());
  const auto refusal = refusal_of_reload();
  EXPECT_THAT(refusal, HasSubstr(certificates.files.key_file));
  EXPECT_THAT(refusal, HasSubstr("does not belong to the certificate"));
}

TEST_F(CertificateReloadTest, AnExpiredCertificateIsRefusedAndTheOldPairStays) {
  certificates.renew("expired", certificates.kNow - 7200, certificates.kNow - 3600);
  const auto refusal = refusal_of_reload();
  EXPECT_THAT(refusal, HasSubstr(certificates.files.cert_file));
  EXPECT_THAT(refusal, HasSubstr("it expired at " + format_iso8601(certificates.kNow - 3600)));
}

TEST_F(CertificateReloadTest, ACertificateOfTheFutureIsRefusedAndTheOldPairStays) {
  certificates.renew("early", certificates.kNow + 3600, certificates.kNow + 7200);
  EXPECT_THAT(refusal_of_reload(), HasSubstr("it is not valid before " + format_iso8601(certificates.kNow + 3600)));
}

TEST_F(CertificateReloadTest, GarbledEmptyAndMissingFilesAreRefusedByName) {
  for (const std::string& file : {certificates.files.cert_file, certificates.files.key_file}) {
    for (const char* text : {"", "not PEM\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
      certificates.renew("unused");
      std::ofstream(file, std::ios::binary) << text;
      EXPECT_THAT(refusal_of_reload(), HasSubstr(file)) << text;
    }
    certificates.renew("unused");
    std::filesystem::remove(file);
    const auto refusal = refusal_of_reload();
    EXPECT_THAT(refusal, HasSubstr(file));
    EXPECT_THAT(refusal, HasSubstr("No such file or directory"));
  }
}

TEST_F(CertificateReloadTest, AServerStartsWithAnExpiredCertificateThatAReloadMayMend) {
  certificates.renew("expired", certificates.kNow - 7200, certificates.kNow - 3600);
  ServerOptions options;
  options.tls = certificates.files;
  const auto late = serve(handler, options);
  ASSERT_TRUE(late);
  EXPECT_EQ(TlsClient(late->port()).common_name(), "expired");
  certificates.renew("renewed");
  ASSERT_TRUE(late->reload_certificate());
  EXPECT_EQ(TlsClient(late->port()).common_name(), "renewed");
}

TEST_F(CertificateReloadTest, ACheckNeedsNoServer) {
  const auto good = check_certificate(certificates.files, certificates.kNow);
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, certificates.kNow + 3600);
  EXPECT_FALSE(check_certificate(certificates.files, certificates.kNow + 3601));
}

}  // namespace
}  // namespace sluice::net
