#include "sts/caller_identity.h"

#include "aws/query_protocol.h"
#include "aws/xml_writer.h"

namespace sluice::sts {

std::string get_caller_identity_result(const iam::Principal& caller) {
  std::string out;
  aws::XmlWriter xml(out, aws::kResultDepth);
  xml.element("Arn", caller.arn);
  xml.element("UserId", caller.user_id);
  xml.element("Account", caller.account_id);
  return out;
}

}  // namespace sluice::sts
