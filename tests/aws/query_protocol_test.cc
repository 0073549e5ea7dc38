#include "aws/query_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/xml_writer.h"

namespace sluice::aws {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(XmlWriter, EscapesTheFiveSpecialsAndDropsWhatXmlCannotCarry) {
  struct Row {
    std::string text, xml;
  };
  const Row rows[] = {
      {"plain", "plain"},
      {"<a href=\"x\">&'</a>", "&lt;a href=&quot;x&quot;&gt;&amp;&apos;&lt;/a&gt;"},
      {std::string("a\0b\x01\x1f", 5), "ab"},
      {"tab\tline\n", "tab\tline\n"},
      {"cr\r", "cr&#13;"},
      {"\xc3\xa9 \xf0\x9f\x98\x80", "\xc3\xa9 \xf0\x9f\x98\x80"},
      {"bad\xff\xc3", "bad"},
      {"\xef\xbf\xbf", ""},
  };
  for (const auto& row : rows) {
    std::string out;
    append_xml_text(out, row.text);
    EXPECT_EQ(out, row.xml);
  }
}

TEST(QuerySuccess, IsLaidOutAsStsDoes) {
  std::string result;
  XmlWriter xml(result, kResultDepth);
  xml.element("Arn", "arn:aws:iam::111122223333:root");
  xml.open("AssumedRoleUser");
  xml.element("PackedPolicySize", 25);
  xml.close();
  xml.string_list("ClientIDList", {"a", "b"});
  xml.string_list("ThumbprintList", {});
  xml.element("IsTruncated", false);
  const WireAnswer answer = query_success("GetCallerIdentity", kStsNamespace, result, "id-1");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.headers, ElementsAre(Pair("Content-Type", "text/xml")));
  EXPECT_EQ(answer.body,
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
            "  <GetCallerIdentityResult>\n"
            "    <Arn>arn:aws:iam::111122223333:root</Arn>\n"
            "    <AssumedRoleUser>\n"
            "      <PackedPolicySize>25</PackedPolicySize>\n"
            "    </AssumedRoleUser>\n"
            "    <ClientIDList>\n"
            "      <member>a</member>\n"
            "      <member>b</member>\n"
            "    </ClientIDList>\n"
            "    <ThumbprintList/>\n"
            "    <IsTruncated>false</IsTruncated>\n"
            "  </GetCallerIdentityResult>\n"
            "  <ResponseMetadata>\n"
            "    <RequestId>id-1</RequestId>\n"
            "  </ResponseMetadata>\n"
            "</GetCallerIdentityResponse>\n");
}

TEST(QuerySuccess, HasNoResultElementWhenThereIsNoResult) {
  EXPECT_EQ(query_success("PutRolePolicy", kIamNamespace, "", "id-2").body,
            "<PutRolePolicyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\n"
            "  <ResponseMetadata>\n"
            "    <RequestId>id-2</RequestId>\n"
            "  </ResponseMetadata>\n"
            "</PutRolePolicyResponse>\n");
}

TEST(QueryError, CarriesTypeCodeAndEscapedMessage) {
  const AwsError error{404, "NoSuchEntity", "<no & such>"};
  const WireAnswer answer = query_error(error, kIamNamespace, "id-3");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body,
            "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\n"
            "  <Error>\n"
            "    <Type>Sender</Type>\n"
            "    <Code>NoSuchEntity</Code>\n"
            "    <Message>&lt;no &amp; such&gt;</Message>\n"
            "  </Error>\n"
            "  <RequestId>id-3</RequestId>\n"
            "</ErrorResponse>\n");
  EXPECT_THAT(query_error(AwsError::internal(), kStsNamespace, "x").body, HasSubstr("<Type>Receiver</Type>"));
}

TEST(InvalidAction, NamesOperationAndVersion) {
  EXPECT_EQ(invalid_action("X", "2011-06-15").message, "Could not find operation X for version 2011-06-15");
  EXPECT_EQ(invalid_action("X", "").message, "Could not find operation X for version NO_VERSION_SPECIFIED");
  EXPECT_EQ(invalid_action("X", "", "Try /").message,
            "Could not find operation X for version NO_VERSION_SPECIFIED. Try /");
  EXPECT_EQ(invalid_action("X", "").code, "InvalidAction");
}

TEST(Parameters, FirstOfRepeatedScalarsWins) {
  const Parameters parameters = {{"A", "1"}, {"A", "2"}};
  EXPECT_EQ(*find_parameter(parameters, "A"), "1");
  EXPECT_EQ(find_parameter(parameters, "B"), nullptr);
}

TEST(Lists, AreReadInTheOrderOfTheirNumbers) {
  const Parameters parameters = {{"L.member.10", "c"}, {"L.member.2", "b"},     {"L.member.1", "a"},
                                 {"L.member.2", "x"},  {"Other.member.1", "y"}, {"L.member.3.Key", "z"}};
  EXPECT_THAT(*string_list(parameters, "L"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(*string_list({{"L", ""}}, "L"), ElementsAre());
  EXPECT_THAT(*string_list({}, "L"), ElementsAre());
}

TEST(Lists, OfStructuresKeepFieldsTogether) {
  const Parameters parameters = {{"Tags.member.2.Key", "k2"},
                                 {"Tags.member.1.Value", "v1"},
                                 {"Tags.member.1.Key", "k1"},
                                 {"Tags.member.2.Key", "again"}};
  const auto list = structure_list(parameters, "Tags");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 2u);
  EXPECT_THAT((*list)[0].fields, ElementsAre(Pair("Value", "v1"), Pair("Key", "k1")));
  EXPECT_EQ((*list)[1].number, 2u);
  EXPECT_THAT((*list)[1].fields, ElementsAre(Pair("Key", "k2")));
}

TEST(Lists, RefuseNumbersThatAreNone) {
  for (const std::string number : {"", "0", "x", "-1", "1001", "99999999999999999999", "1x"}) {
    const auto list = string_list({{"L.member." + number, "v"}}, "L");
    ASSERT_FALSE(list) << number;
    EXPECT_EQ(list.error().code, ErrorCode::kMalformed);
    EXPECT_THAT(list.error().message, HasSubstr("L.member."));
  }
}

}  // namespace
}  // namespace sluice::aws
