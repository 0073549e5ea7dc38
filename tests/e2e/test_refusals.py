"""Every reachable row of the federation chain refused, end to end: the caller's answer is AWS's, the decision record
names the first check that failed. Test names carry the section of the rule they come from."""
import base64
import hashlib
import hmac
import json
import re
import time
import unittest
import urllib.parse

from cryptography.hazmat.primitives import serialization

import remote_write
from support import REGION, CollectorTest, Credentials, Issuer, SigningKey, b64url

SUBJECT = "system:serviceaccount:monitoring:prometheus"


class Exchange(CollectorTest):
    """Section 1.4 and 9.1: tokens that STS refuses."""

    more_issuers = ("OTHER", "DOWN", "ROTATING")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        setup = cls()
        cls.workspace, cls.workspace_arn = setup.create_workspace("refusals")
        cls.provider = setup.create_provider()
        cls.role = setup.create_role("writer", setup.trust(cls.provider),
                                     cls.allow("aps:RemoteWrite", cls.workspace_arn))

    def runTest(self):
        """Lets setUpClass make an instance for its set-up calls."""

    def refused(self, token, status, code, message, rule, role=None, **parameters):
        answer = self.sluice.exchange(role or self.role, token, **parameters)
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(re.search("<Code>(.*?)</Code>", answer.text).group(1), code, answer)
        text = re.search("<Message>(.*?)</Message>", answer.text, re.S).group(1)
        text = text.replace("&apos;", "'").replace("&quot;", '"')
        self.assertRegex(text, message)
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "text/xml")
        self.assertIn(f"<RequestId>{answer.request_id}</RequestId>", answer.text)
        record = self.sluice.decision(answer.request_id)
        self.assertRegex(record["rule"], rule, record)
        self.assertTrue(record["fix"], record)
        self.assertEqual((record["status"], record["code"]), (status, code))
        # Neither record nor log holds a token: its signature part is unique to it.
        signature = token.rsplit(".", 1)[-1]
        if len(signature) > 40:
            self.assertNotIn(signature, json.dumps(record))
            self.assertNotIn(signature, self.sluice.log_text())
        return record

    def test_row_1_4_incorrect_token_audience(self):
        record = self.refused(self.issuer.token(audience="api://AzureADTokenExchange"), 400, "InvalidIdentityToken",
                              "^Incorrect token audience$", "oidc.audience")
        self.assertIn("api://AzureADTokenExchange", record["seen"])

    def test_row_1_4_default_api_server_audience(self):
        self.refused(self.issuer.token(audience="https://kubernetes.default.svc"), 400, "InvalidIdentityToken",
                     "^Incorrect token audience$", "oidc.audience")

    def test_row_1_4_no_provider_for_issuer(self):
        other = self.issuers["OTHER"]
        self.refused(other.token(), 400, "InvalidIdentityToken",
                     f"^No OpenIDConnect provider found in your account for {re.escape(other.url)}$", "oidc.issuer")
        self.assertEqual(other.discovery_hits, 0, "an issuer merely named in a token is never fetched")

    def test_row_1_4_issuer_with_a_trailing_slash_more(self):
        record = self.refused(self.issuer.token(iss=self.issuer.url + "/"), 400, "InvalidIdentityToken",
                              "^No OpenIDConnect provider found", "oidc.issuer-trailing-slash")
        self.assertIn("/", record["fix"])

    def test_row_1_4_token_expired(self):
        now = int(time.time())
        self.refused(self.issuer.token(iat=now - 7200, nbf=now - 7200, exp=now - 3600), 400, "ExpiredTokenException",
                     r"^Token expired: current date/time \d+ must be before the expiration date/time ?\d+$",
                     "token.expired")

    def test_row_1_4_expiry_within_the_skew_passes(self):
        now = int(time.time())
        answer = self.sluice.exchange(self.role, self.issuer.token(iat=now - 3600, nbf=now - 3600, exp=now - 200))
        self.assertEqual(answer.status, 200, answer)

    def test_row_1_4_token_not_yet_valid(self):
        now = int(time.time())
        self.refused(self.issuer.token(nbf=now + 1000), 400, "InvalidIdentityToken",
                     "^Token not yet valid: current date/time",
                     "token.not-yet")

    def test_row_1_4_token_issued_in_the_future(self):
        now = int(time.time())
        self.refused(self.issuer.token(iat=now + 1000, exp=now + 2000), 400, "InvalidIdentityToken",
                     rf"^Token issued in the future: {now + 1000}$", "token.issued")

    def test_row_1_4_missing_claims(self):
        for claim in ("iss", "sub", "aud", "iat", "exp"):
            with self.subTest(claim):
                self.refused(self.issuer.token(drop=[claim]), 400, "InvalidIdentityToken",
                             f"^Missing a required claim: {claim}$", "token.claim")

    def test_row_1_4_two_audiences_without_azp(self):
        self.refused(self.issuer.token(audience=["sts.amazonaws.com", "vault"]), 400, "InvalidIdentityToken",
                     "^Token audience contains more than one audience while authorized party is not present$",
                     "oidc.audience")

    def test_row_1_4_empty_audience_list(self):
        self.refused(self.issuer.token(audience=[]), 400, "InvalidIdentityToken",
                     "^Claim is not allowed to be empty: aud$", "token.")

    def test_row_1_4_fractional_timestamp(self):
        self.refused(self.issuer.token(exp=time.time() + 100.5), 400, "InvalidIdentityToken",
                     r"^Invalid timestamp in token claims\.$", "token.timestamp")

    def test_row_1_4_not_a_jwt(self):
        self.refused("not-a-token", 400, "InvalidIdentityToken", "^The ID Token provided is not a valid JWT", "token.")

    def test_row_1_4_unknown_kid_after_one_refetch(self):
        before = self.issuer.jwks_hits
        self.refused(self.issuer.token(header={"kid": "nobody"}), 400, "InvalidIdentityToken",
                     "^Couldn't retrieve verification key from your identity provider,  please reference", "oidc.kid")
        self.assertLessEqual(self.issuer.jwks_hits - before, 2)

    def test_row_9_1_bad_signature(self):
        token = self.issuer.token()
        head, body, signature = token.split(".")
        middle = len(signature) // 2
        altered = signature[:middle] + ("A" if signature[middle] != "A" else "B") + signature[middle + 1:]
        self.refused(f"{head}.{body}.{altered}", 400, "InvalidIdentityToken", ".", "oidc.signature")

    def test_row_9_1_signature_of_another_key_under_the_same_kid(self):
        self.refused(self.issuer.token(key=SigningKey("key-1")), 400, "InvalidIdentityToken", ".", "oidc.signature")

    def test_row_9_1_altered_claims(self):
        head, body, signature = self.issuer.token().split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        claims["sub"] = "system:serviceaccount:kube-system:admin"
        self.refused(f"{head}.{b64url(json.dumps(claims).encode())}.{signature}", 400, "InvalidIdentityToken", ".",
                     "oidc.signature")

    def test_row_9_1_alg_none(self):
        head, body, _ = self.issuer.token(header={"alg": "none"}).split(".")
        for token in (f"{head}.{body}.", f"{head}.{body}.AAAA"):
            self.refused(token, 400, "InvalidIdentityToken", ".", "token.")

    def test_row_9_1_hs256_signed_with_the_public_key(self):
        public = self.issuer.keys[0].key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        head, body, _ = self.issuer.token(header={"alg": "HS256"}).split(".")
        mac = hmac.new(public, f"{head}.{body}".encode(), hashlib.sha256).digest()
        self.refused(f"{head}.{body}.{b64url(mac)}", 400, "InvalidIdentityToken", ".", "token.algorithm")

    def test_row_9_1_other_algorithms_and_header_extensions(self):
        for header, rule in (({"alg": "PS256"}, "token.algorithm"), ({"alg": "EdDSA"}, "token.algorithm"),
                             ({"alg": "ES256"}, "oidc."), ({"crit": ["exp"]}, "token."), ({"b64": False}, "token."),
                             ({"enc": "A256GCM"}, "token.")):
            with self.subTest(header):
                self.refused(self.issuer.token(header=header), 400, "InvalidIdentityToken", ".", rule)

    def test_row_9_1_duplicate_claims(self):
        key = self.issuer.keys[0]
        head = b64url(json.dumps({"alg": "RS256", "kid": key.kid}).encode())
        now = int(time.time())
        body = b64url((f'{{"iss":"{self.issuer.url}","sub":"a","sub":"{SUBJECT}","aud":["sts.amazonaws.com"],'
                       f'"iat":{now},"exp":{now + 600}}}').encode())
        self.refused(f"{head}.{body}.{b64url(key.sign(f'{head}.{body}'.encode()))}", 400, "InvalidIdentityToken", ".",
                     "token.")

    def test_row_9_1_empty_subject(self):
        self.refused(self.issuer.token(subject=""), 400, "InvalidIdentityToken", ".", "token.subject")

    def test_row_9_1_year_long_token(self):
        now = int(time.time())
        self.refused(self.issuer.token(exp=now + 365 * 86400), 400, "InvalidIdentityToken", ".", "token.lifetime")

    def test_row_1_4_wrong_subject_reads_like_a_missing_role(self):
        record = self.refused(self.issuer.token("system:serviceaccount:default:intruder"), 403, "AccessDenied",
                              "^Not authorized to perform sts:AssumeRoleWithWebIdentity$", "trust.sub-mismatch")
        self.assertIn("intruder", record["seen"])
        self.assertIn(SUBJECT, record["wanted"])
        self.refused(self.issuer.token(), 403, "AccessDenied",
                     "^Not authorized to perform sts:AssumeRoleWithWebIdentity$",
                     "sts.role-missing", role=self.role.replace("/writer", "/nobody"))

    def test_row_1_4_duration_over_the_roles_maximum(self):
        self.refused(self.issuer.token(), 400, "ValidationError",
                     "^The requested DurationSeconds exceeds the MaxSessionDuration set for this role.$",
                     "sts.duration",
                     DurationSeconds=7200)

    def test_row_1_3_parameters_are_validated_together(self):
        answer = self.sluice.exchange(self.role, self.issuer.token(), session="a:b", DurationSeconds=899)
        self.assertEqual(answer.status, 400)
        self.assertIn("2 validation errors detected", answer.text)
        self.assertIn("roleSessionName", answer.text)
        self.assertNotIn(self.issuer.token().split(".")[1][:30], answer.text)

    def test_row_1_1_unknown_action_and_version(self):
        for form, text in (({"Action": "Nonsense", "Version": "2011-06-15"},
                            "Could not find operation Nonsense for version 2011-06-15"),
                           ({"Action": "GetCallerIdentity", "Version": "2001-01-01"}, "Could not find operation"),
                           ({"Action": "GetCallerIdentity"}, "NO_VERSION_SPECIFIED")):
            answer = self.sluice.plain("POST", "/", urllib.parse.urlencode(form),
                                       {"Content-Type": "application/x-www-form-urlencoded"})
            self.assertEqual(answer.status, 400, answer)
            self.assertIn("<Code>InvalidAction</Code>", answer.text)
            self.assertIn(text, answer.text)

    def test_row_1_1_get_with_the_token_in_the_query_works_and_is_not_logged(self):
        token = self.issuer.token()
        query = urllib.parse.urlencode({"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15",
                                        "RoleArn": self.role,
                                        "RoleSessionName": "vmagent-ec2-discovery", "WebIdentityToken": token})
        self.must(self.sluice.plain("GET", "/?" + query))
        self.assertNotIn(token.split(".")[2], self.sluice.log_text())

    def test_row_6_39_issuer_down_says_so_to_the_operator(self):
        down = self.issuers["DOWN"]
        provider = self.create_provider(down)
        role = self.create_role("down", self.trust(provider, down))
        down.failing = True
        self.refused(down.token(), 400, "InvalidIdentityToken",
                     "^Couldn't retrieve verification key from your identity provider,  please reference", "oidc.keys",
                     role=role)

    def test_key_rotation_is_picked_up_by_one_refetch(self):
        rotating = self.issuers["ROTATING"]
        provider = self.create_provider(rotating)
        role = self.create_role("rotating", self.trust(provider, rotating))
        self.sluice.session(role, rotating.token())
        rotating.keys.append(SigningKey("key-2", "ES256"))
        self.sluice.session(role, rotating.token())
        hits = rotating.jwks_hits
        for _ in range(5):
            self.sluice.session(role, rotating.token())
        self.assertEqual((hits, rotating.jwks_hits), (2, 2), "known keys are not fetched again")
        rotating.failing = True
        self.sluice.session(role, rotating.token())


class Signature(CollectorTest):
    """Section 5.4: signatures and sessions that the data plane and the Query services refuse."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        setup = cls()
        cls.workspace, cls.arn = setup.create_workspace("signatures")
        cls.provider = setup.create_provider()
        cls.role = setup.create_role("signer", setup.trust(cls.provider),
                                     cls.allow(["aps:RemoteWrite", "aps:QueryMetrics"], cls.arn))
        cls.session = cls.sluice.session(cls.role, cls.issuer.token())
        cls.target = f"/workspaces/{cls.workspace}/api/v1/remote_write"
        cls.body = remote_write.body(remote_write.series({"__name__": "up"}, [(int(time.time() * 1000), 1.0)]))

    def runTest(self):
        """Lets setUpClass make an instance for its set-up calls."""

    def refused(self, answer, message, rule, status=403):
        self.assertEqual(answer.status, status, answer)
        self.assertRegex(answer.json()["message"], message)
        record = self.sluice.decision(answer.request_id)
        self.assertRegex(record["rule"], rule, record)
        self.assertTrue(record["fix"], record)
        text = json.dumps(record) + self.sluice.log_text()
        self.assertNotIn(self.session.token, text)
        self.assertNotIn(self.session.secret_key, text)
        return record

    def headers(self, session=None, target=None, body=None, **options):
        return self.sluice.sign(session or self.session, "POST", target or self.target, body or self.body,
                                dict(remote_write.HEADERS), **options)

    def post(self, headers, target=None, body=None):
        return self.sluice.plain("POST", target or self.target, self.body if body is None else body, headers)

    def test_signed_write_is_taken(self):
        self.must(self.post(self.headers()))

    def test_row_5_4_no_authentication(self):
        self.refused(self.post(dict(remote_write.HEADERS)), "^Missing Authentication Token$", "sigv4.missing")

    def test_row_5_4_bearer_instead_of_a_signature(self):
        self.refused(self.post({**remote_write.HEADERS, "Authorization": "Bearer abc"}), ".", "sigv4.other-scheme")

    def test_row_5_4_tampered_body(self):
        other = remote_write.body(remote_write.series({"__name__": "up"}, [(int(time.time() * 1000), 2.0)]))
        self.refused(self.post(self.headers(), body=other), "^The request signature we calculated does not match",
                     "sigv4.")

    def test_row_5_4_tampered_path(self):
        other, _ = self.create_workspace("tampered")
        self.refused(self.post(self.headers(), target=self.target.replace(self.workspace, other)),
                     "^The request signature we calculated does not match", "sigv4.signature-mismatch")

    def test_row_5_4_tampered_query(self):
        signed = self.sluice.sign(self.session, "GET", f"/workspaces/{self.workspace}/api/v1/query?query=up")
        self.refused(self.sluice.plain("GET", f"/workspaces/{self.workspace}/api/v1/query?query=down", headers=signed),
                     "^The request signature we calculated does not match", "sigv4.signature-mismatch")

    def test_row_5_4_wrong_secret(self):
        wrong = Credentials(self.session.access_key, "x" * 40, self.session.token)
        self.refused(self.post(self.headers(wrong)), "^The request signature we calculated does not match",
                     "sigv4.signature-mismatch")

    def test_row_5_4_signed_an_hour_ago(self):
        from unittest import mock
        import botocore.auth
        import datetime
        late = datetime.datetime.utcnow() - datetime.timedelta(hours=1)
        with mock.patch.object(botocore.auth, "datetime") as clock:
            clock.datetime.utcnow.return_value = late
            headers = self.headers()
        self.refused(self.post(headers), r"^Signature expired: \d{8}T\d{6}Z is now earlier than",
                     "sigv4.signature-expired")

    def test_row_5_4_signed_for_another_region(self):
        self.refused(self.post(self.headers(region="ap-south-1")), "Credential should be scoped to a valid region",
                     "sigv4.region")

    def test_row_5_4_signed_for_another_service(self):
        self.refused(self.post(self.headers(service="s3")), "Credential should be scoped to correct service",
                     "sigv4.service")

    def test_row_5_4_date_and_scope_differ(self):
        headers = self.headers()
        headers["Authorization"] = re.sub(r"/\d{8}/", "/20200101/", headers["Authorization"])
        self.refused(self.post(headers), "Date in Credential scope does not match YYYYMMDD", "sigv4.scope")

    def test_row_5_4_session_token_missing(self):
        headers = self.headers(Credentials(self.session.access_key, self.session.secret_key))
        self.refused(self.post(headers), "^The security token included in the request is invalid",
                     "session.token-missing")

    def test_row_5_4_session_token_of_another_session(self):
        other = self.sluice.session(self.role, self.issuer.token())
        mixed = Credentials(self.session.access_key, self.session.secret_key, other.token)
        self.refused(self.post(self.headers(mixed)), "^The security token included in the request is invalid",
                     "session.")

    def test_row_5_4_session_token_altered(self):
        token = self.session.token
        middle = len(token) // 2
        altered = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1:]
        mixed = Credentials(self.session.access_key, self.session.secret_key, altered)
        self.refused(self.post(self.headers(mixed)), "^The security token included in the request is invalid",
                     "session.")

    def test_row_5_4_key_of_another_sts(self):
        foreign = Credentials("ASIATKVYE24LRQWGORWC", "x" * 40, "IQoJb3JpZ2luX2VjEF8aCXVzLXdlc3QtMiJH")
        self.refused(self.post(self.headers(foreign)), "^The security token included in the request is invalid",
                     "session.")

    def test_row_5_4_unsigned_session_token_is_accepted(self):
        """vmagent sends its token beside the signature."""
        headers = self.headers(Credentials(self.session.access_key, self.session.secret_key))
        headers["X-Amz-Security-Token"] = self.session.token
        self.must(self.post(headers))

    def test_row_5_4_query_services_answer_in_xml(self):
        answer = self.sluice.plain("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15",
                                   {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(answer.status, 403)
        self.assertIn("<Code>MissingAuthenticationToken</Code>", answer.text)
        wrong = Credentials(self.root.access_key, "y" * 40)
        answer = self.iam("ListRoles", wrong)
        self.assertEqual(answer.status, 403)
        self.assertIn("<Code>SignatureDoesNotMatch</Code>", answer.text)

    def test_row_5_4_control_plane_names_the_error_in_a_header(self):
        answer = self.sluice.plain("GET", "/workspaces")
        self.assertEqual(answer.status, 403)
        self.assertEqual(answer.headers["x-amzn-errortype"], "MissingAuthenticationTokenException")

    def test_row_6_71_write_to_another_workspace(self):
        other, other_arn = self.create_workspace("other")
        record = self.refused(self.write(self.session, other, self.body),
                              rf"is not authorized to perform: aps:RemoteWrite on resource: {re.escape(other_arn)} "
                              r"because no "
                              "identity-based policy allows the aps:RemoteWrite action$", "policy.resource")
        self.assertIn(self.arn, json.dumps(record))

    def test_row_6_72_other_action(self):
        answer = self.sluice.signed(self.session, "GET", f"/workspaces/{self.workspace}/api/v1/labels")
        self.refused(answer, "is not authorized to perform: aps:GetLabels", "policy.action")

    def test_row_6_73_explicit_deny_wins(self):
        role = self.create_role("denied", self.trust(self.provider), {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "aps:*", "Resource": "*"},
            {"Sid": "NoWrites", "Effect": "Deny", "Action": "aps:RemoteWrite", "Resource": self.arn}]})
        session = self.sluice.session(role, self.issuer.token())
        record = self.refused(self.write(session, self.workspace, self.body),
                              "with an explicit deny in an identity-based policy$",
                              "policy.explicit-deny")
        self.assertIn("NoWrites", json.dumps(record))
        self.must(self.sluice.query(session, self.workspace, "up"))

    def test_row_5_3_session_of_a_deleted_and_recreated_role(self):
        role = self.create_role("shortlived", self.trust(self.provider), self.allow("aps:*", "*"))
        session = self.sluice.session(role, self.issuer.token())
        self.must(self.write(session, self.workspace, self.body))
        self.must(self.iam("DeleteRolePolicy", RoleName="shortlived", PolicyName="inline"))
        self.refused(self.write(session, self.workspace, self.body), "because no identity-based policy allows",
                     "policy.")
        self.must(self.iam("DeleteRole", RoleName="shortlived"))
        self.refused(self.write(session, self.workspace, self.body),
                     "^The security token included in the request is invalid",
                     "session.role-gone")
        self.create_role("shortlived", self.trust(self.provider), self.allow("aps:*", "*"))
        self.refused(self.write(session, self.workspace, self.body),
                     "^The security token included in the request is invalid",
                     "session.role-gone")


if __name__ == "__main__":
    unittest.main()
