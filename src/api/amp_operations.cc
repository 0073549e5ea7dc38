#include "api/amp_operations.h"

#include <array>

namespace sluice::api {
namespace {

using enum AmpOperationId;

constexpr std::array kOperations = {
    AmpOperation{"CreateWorkspace", "POST", "/workspaces", kCreateWorkspace, 202, true},
    AmpOperation{"DescribeWorkspace", "GET", "/workspaces/{workspace}", kDescribeWorkspace, 200},
    AmpOperation{"ListWorkspaces", "GET", "/workspaces", kListWorkspaces, 200},
    AmpOperation{"DeleteWorkspace", "DELETE", "/workspaces/{workspace}", kDeleteWorkspace, 202, true},
    AmpOperation{"UpdateWorkspaceAlias", "POST", "/workspaces/{workspace}/alias", kUpdateWorkspaceAlias, 204, true},
    AmpOperation{"TagResource", "POST", "/tags/{arn}", kTagResource, 200, true},
    AmpOperation{"UntagResource", "DELETE", "/tags/{arn}", kUntagResource, 200, true},
    AmpOperation{"ListTagsForResource", "GET", "/tags/{arn}", kListTagsForResource, 200},
    AmpOperation{"DescribeLoggingConfiguration", "GET", "/workspaces/{workspace}/logging",
                 kDescribeLoggingConfiguration, 200},

    AmpOperation{"CreateAlertManagerDefinition", "POST", "/workspaces/{workspace}/alertmanager/definition"},
    AmpOperation{"CreateAnomalyDetector", "POST", "/workspaces/{workspace}/anomalydetectors"},
    AmpOperation{"CreateLoggingConfiguration", "POST", "/workspaces/{workspace}/logging"},
    AmpOperation{"CreateQueryLoggingConfiguration", "POST", "/workspaces/{workspace}/logging/query"},
    AmpOperation{"CreateRuleGroupsNamespace", "POST", "/workspaces/{workspace}/rulegroupsnamespaces"},
    AmpOperation{"CreateScraper", "POST", "/scrapers"},
    AmpOperation{"DeleteAlertManagerDefinition", "DELETE", "/workspaces/{workspace}/alertmanager/definition"},
    AmpOperation{"DeleteAnomalyDetector", "DELETE", "/workspaces/{workspace}/anomalydetectors/{anomalyDetectorId}"},
    AmpOperation{"DeleteLoggingConfiguration", "DELETE", "/workspaces/{workspace}/logging"},
    AmpOperation{"DeleteQueryLoggingConfiguration", "DELETE", "/workspaces/{workspace}/logging/query"},
    AmpOperation{"DeleteResourcePolicy", "DELETE", "/workspaces/{workspace}/policy"},
    AmpOperation{"DeleteRuleGroupsNamespace", "DELETE", "/workspaces/{workspace}/rulegroupsnamespaces/{name}"},
    AmpOperation{"DeleteScraper", "DELETE", "/scrapers/{scraperId}"},
    AmpOperation{"DeleteScraperLoggingConfiguration", "DELETE", "/scrapers/{scraperId}/logging-configuration"},
    AmpOperation{"DescribeAlertManagerDefinition", "GET", "/workspaces/{workspace}/alertmanager/definition"},
    AmpOperation{"DescribeAnomalyDetector", "GET", "/workspaces/{workspace}/anomalydetectors/{anomalyDetectorId}"},
    AmpOperation{"DescribeQueryLoggingConfiguration", "GET", "/workspaces/{workspace}/logging/query"},
    AmpOperation{"DescribeResourcePolicy", "GET", "/workspaces/{workspace}/policy"},
    AmpOperation{"DescribeRuleGroupsNamespace", "GET", "/workspaces/{workspace}/rulegroupsnamespaces/{name}"},
    AmpOperation{"DescribeScraper", "GET", "/scrapers/{scraperId}"},
    AmpOperation{"DescribeScraperLoggingConfiguration", "GET", "/scrapers/{scraperId}/logging-configuration"},
    AmpOperation{"DescribeWorkspaceConfiguration", "GET", "/workspaces/{workspace}/configuration"},
    AmpOperation{"GetDefaultScraperConfiguration", "GET", "/scraperconfiguration"},
    AmpOperation{"ListAnomalyDetectors", "GET", "/workspaces/{workspace}/anomalydetectors"},
    AmpOperation{"ListRuleGroupsNamespaces", "GET", "/workspaces/{workspace}/rulegroupsnamespaces"},
    AmpOperation{"ListScrapers", "GET", "/scrapers"},
    AmpOperation{"PutAlertManagerDefinition", "PUT", "/workspaces/{workspace}/alertmanager/definition"},
    AmpOperation{"PutAnomalyDetector", "PUT", "/workspaces/{workspace}/anomalydetectors/{anomalyDetectorId}"},
    AmpOperation{"PutResourcePolicy", "PUT", "/workspaces/{workspace}/policy"},
    AmpOperation{"PutRuleGroupsNamespace", "PUT", "/workspaces/{workspace}/rulegroupsnamespaces/{name}"},
    AmpOperation{"UpdateLoggingConfiguration", "PUT", "/workspaces/{workspace}/logging"},
    AmpOperation{"UpdateQueryLoggingConfiguration", "PUT", "/workspaces/{workspace}/logging/query"},
    AmpOperation{"UpdateScraper", "PUT", "/scrapers/{scraperId}"},
    AmpOperation{"UpdateScraperLoggingConfiguration", "PUT", "/scrapers/{scraperId}/logging-configuration"},
    AmpOperation{"UpdateWorkspaceConfiguration", "PATCH", "/workspaces/{workspace}/configuration"},
};

bool is_client_token(std::string_view text) {
  for (const char c : text)
    if (c < '!' || c > '~') return false;
  return !text.empty();
}
constexpr aws::Pattern kClientTokenPattern = {"[!-~]+", is_client_token};

/// `.*[0-9A-Za-z][-.0-9A-Z_a-z]*.*`: a letter or digit somewhere (and no line break, which `.` does not match).
bool is_workspace_id(std::string_view text) {
  bool has_letter_or_digit = false;
  for (const char c : text) {
    if (c == '\n' || c == '\r') return false;
    has_letter_or_digit |= (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  }
  return has_letter_or_digit;
}
constexpr aws::Pattern kWorkspaceIdPattern = {".*[0-9A-Za-z][-.0-9A-Z_a-z]*.*", is_workspace_id};

// AMP writes the class with '*' and in a group where IAM writes '+'; the length rule excludes the empty key.
bool is_tag_text(std::string_view text) { return aws::patterns::kTagValue.matches(text); }
constexpr aws::Pattern kTagPattern = {R"(([\p{L}\p{Z}\p{N}_.:/=+\-@]*))", is_tag_text};

}  // namespace

namespace amp_rules {
using aws::ParameterRule;
const ParameterRule kAlias = {.name = "alias", .length_min = 1, .length_max = 100};
const ParameterRule kClientToken = {
    .name = "clientToken", .length_min = 1, .length_max = 64, .pattern = &kClientTokenPattern};
const ParameterRule kWorkspaceId = {
    .name = "workspaceId", .required = true, .length_min = 1, .length_max = 64, .pattern = &kWorkspaceIdPattern};
const ParameterRule kMaxResults = {
    .name = "maxResults", .type = ParameterRule::Type::kInteger, .value_min = 1, .value_max = 1000};
const ParameterRule kNextToken = {.name = "nextToken", .length_max = 1000};
const ParameterRule kTagKey = {
    .name = "tagKeys", .required = true, .length_min = 1, .length_max = 128, .pattern = &kTagPattern};
const ParameterRule kTagValue = {.name = "tags", .required = true, .length_max = 256, .pattern = &kTagPattern};
}  // namespace amp_rules

std::span<const AmpOperation> amp_operations() { return kOperations; }

}  // namespace sluice::api
