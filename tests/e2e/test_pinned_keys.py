"""A private cluster that publishes nothing: its keys are handed over by configuration."""
import json
import unittest

from support import REGION, CollectorTest, SigningKey


class PinnedKeys(CollectorTest):
    @classmethod
    def config(cls):
        cls.key = SigningKey("plant-7")
        cls.file = cls.directory / "jwks.json"
        cls.file.write_text(json.dumps({"keys": [cls.key.jwk()]}))
        # Nothing answers at this address, and no network is allowed.
        cls.issuer.url = "https://k3s.plant-7.invalid"
        return (f"aws: {{region: {REGION}}}\noidc:\n  pinned_jwks:\n"
                f"    - issuer: {cls.issuer.url}\n      file: {cls.file}\n")

    def test_tokens_of_a_pinned_issuer_verify_and_others_do_not(self):
        provider = self.create_provider()
        role = self.create_role("plant", self.trust(provider))
        self.assertTrue(self.sluice.session(role, self.issuer.token(key=self.key)).token)
        refused = self.sluice.exchange(role, self.issuer.token(key=SigningKey("plant-7")))
        self.assertEqual(refused.status, 400)
        self.assertEqual(self.sluice.decision(refused.request_id)["rule"], "oidc.signature-invalid")
        unknown = self.sluice.exchange(role, self.issuer.token(key=SigningKey("plant-8")))
        self.assertEqual(self.sluice.decision(unknown.request_id)["rule"], "oidc.kid-unknown")

    def test_issuer_at_a_private_address_is_not_fetched_unless_allowed(self):
        self.issuer.url = f"https://localhost:{self.issuer.port}/id/CLUSTER"
        self.addCleanup(setattr, self.issuer, "url", "https://k3s.plant-7.invalid")
        provider = self.create_provider()
        role = self.create_role("forbidden", self.trust(provider))
        refused = self.sluice.exchange(role, self.issuer.token())
        self.assertEqual(refused.status, 400)
        record = self.sluice.decision(refused.request_id)
        self.assertEqual(record["rule"], "oidc.keys-unavailable")
        self.assertIn("oidc.allow", json.dumps(record))
        self.assertEqual(self.issuer.discovery_hits, 0)


if __name__ == "__main__":
    unittest.main()
