"""AWS CLI and boto3 with today's API models: operations and shapes that Debian 12's models lack."""
import json
import os
import unittest
from unittest import mock

import boto3
import botocore.config
import botocore.exceptions

from support import REGION, CollectorTest, newer_models

# In today's model of AMP and not in Debian 12's: (boto3 method, parameters beside workspaceId).
NEWER_THAN_DEBIAN = [
    ("describe_workspace_configuration", {}),
    ("describe_resource_policy", {}),
    ("describe_query_logging_configuration", {}),
    ("list_anomaly_detectors", {}),
    ("update_workspace_configuration", {"retentionPeriodInDays": 30}),
]


class NewerModels(CollectorTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.models = newer_models(cls.directory / "models")

    def client(self, service, models=True):
        # botocore reads AWS_DATA_PATH when the session is made.
        with mock.patch.dict(os.environ, {"AWS_DATA_PATH": self.models} if models else {}):
            session = boto3.session.Session(self.root.access_key, self.root.secret_key, region_name=REGION)
            return session.client(service, endpoint_url=self.sluice.endpoint,
                                  config=botocore.config.Config(retries={"max_attempts": 0}))

    def aws_newer(self, *arguments, **options):
        return self.aws(*arguments, extra_env={"AWS_DATA_PATH": self.models}, **options)

    def test_the_models_are_newer_than_the_installed_ones(self):
        for method, _ in NEWER_THAN_DEBIAN:
            self.assertTrue(hasattr(self.client("amp"), method), method)
        self.assertFalse(hasattr(self.client("amp", models=False), NEWER_THAN_DEBIAN[0][0]),
                         "the test shows nothing any more")

    def test_an_operation_not_offered_names_itself_to_boto3(self):
        workspace, _ = self.create_workspace("boto3")
        for method, parameters in NEWER_THAN_DEBIAN:
            with self.subTest(method), self.assertRaises(botocore.exceptions.ClientError) as refused:
                getattr(self.client("amp"), method)(workspaceId=workspace, **parameters)
            answer = refused.exception.response
            self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 400, answer)
            self.assertEqual(answer["Error"]["Code"], "ValidationException")
            self.assertIn("".join(word.title() for word in method.split("_")), answer["Error"]["Message"])

    def test_an_operation_not_offered_names_itself_to_the_cli(self):
        workspace, _ = self.create_workspace("cli")
        text = self.aws_newer("amp", "describe-workspace-configuration", "--workspace-id", workspace, expect=254)
        self.assertIn("(ValidationException)", text)
        self.assertIn("DescribeWorkspaceConfiguration", text)

    def test_what_is_offered_parses_by_the_newer_shapes(self):
        client = self.client("amp")
        workspace = client.create_workspace(alias="shapes", tags={"team": "infra"})["workspaceId"]
        described = client.describe_workspace(workspaceId=workspace)["workspace"]
        self.assertEqual((described["alias"], described["status"]["statusCode"]), ("shapes", "ACTIVE"))
        client.get_waiter("workspace_active").wait(workspaceId=workspace)
        self.assertEqual([w["workspaceId"] for w in client.list_workspaces(alias="shapes")["workspaces"]], [workspace])
        client.delete_workspace(workspaceId=workspace)

    def test_a_provider_needs_no_thumbprint(self):
        created = self.aws_newer("iam", "create-open-id-connect-provider", "--url", self.issuer.url,
                                 "--client-id-list", "sts.amazonaws.com")
        arn = created["OpenIDConnectProviderArn"]
        self.assertTrue(arn.endswith(":oidc-provider/" + self.issuer.without_scheme), arn)
        self.assertEqual(self.aws_newer("sts", "get-caller-identity")["Arn"].split(":")[-1], "root")
        got = self.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        self.assertEqual(got["ClientIDList"], ["sts.amazonaws.com"], json.dumps(got, default=str))


if __name__ == "__main__":
    unittest.main()
