#pragma once

#include <string>

#include "control_plane_fixture.h"

namespace sluice::api {

inline constexpr const char* kTrust =
    R"({"Version": "2012-10-17", "Statement": [{"Sid": "", "Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/h.example/id"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"h.example/id:sub": "system:serviceaccount:monitoring:a+b"}}}]})";
inline constexpr const char* kWrite =
    R"({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "aps:RemoteWrite", "Resource": "*"}]})";
inline constexpr const char* kProviderArn = "arn:aws:iam::111122223333:oidc-provider/h.example/id";
inline constexpr const char* kPolicyArn = "arn:aws:iam::111122223333:policy/write";

class IamServiceTest : public ControlPlaneTest {
 protected:
  void create_provider() {
    ASSERT_EQ(told(call_iam("CreateOpenIDConnectProvider", {{"Url", "https://h.example/id"}})), "success");
  }
  void create_role(const std::string& name, const std::string& path = "/") {
    ASSERT_EQ(told(call_iam("CreateRole", {{"RoleName", name}, {"Path", path}, {"AssumeRolePolicyDocument", kTrust}})),
              "success");
  }
  void create_policy(const std::string& name = "write") {
    ASSERT_EQ(told(call_iam("CreatePolicy", {{"PolicyName", name}, {"PolicyDocument", kWrite}})), "success");
  }
};

}  // namespace sluice::api
