#include "aws/xml_writer.h"

#include "base/check.h"
#include "base/utf8.h"

namespace sluice::aws {
namespace {

/// XML 1.0 section 2.2: what may stand in a document at all.
bool is_xml_character(char32_t c) {
  return c == 0x9 || c == 0xA || c == 0xD || (c >= 0x20 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) ||
         (c >= 0x10000 && c <= 0x10FFFF);
}

}  // namespace

void append_xml_text(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const Utf8Step step = next_utf8(text);
    const std::string_view bytes = text.substr(0, step.length);
    text.remove_prefix(step.length);
    if (!step.is_valid || !is_xml_character(step.code_point)) continue;
    switch (step.code_point) {
      case U'&': out.append("&amp;"); break;
      case U'<': out.append("&lt;"); break;
      case U'>': out.append("&gt;"); break;
      case U'"': out.append("&quot;"); break;
      case U'\'': out.append("&apos;"); break;
      // A reader turns a bare carriage return into a line feed (XML 1.0 section 2.11); as a reference it stays.
      case U'\r': out.append("&#13;"); break;
      default: out.append(bytes);
    }
  }
}

void XmlWriter::indent() { out_.append(2 * (depth_ + open_.size()), ' '); }

void XmlWriter::open(std::string_view name, std::string_view xmlns) {
  indent();
  out_.append("<").append(name);
  if (!xmlns.empty()) {
    out_.append(" xmlns=\"");
    append_xml_text(out_, xmlns);
    out_.append("\"");
  }
  out_.append(">\n");
  open_.push_back(name);
}

void XmlWriter::close() {
  SLUICE_CHECK(!open_.empty(), "close() without open()");
  const std::string_view name = open_.back();
  open_.pop_back();
  indent();
  out_.append("</").append(name).append(">\n");
}

void XmlWriter::element(std::string_view name, std::string_view text) {
  indent();
  out_.append("<").append(name).append(">");
  append_xml_text(out_, text);
  out_.append("</").append(name).append(">\n");
}

void XmlWriter::element(std::string_view name, int64_t value) {
  element(name, std::string_view(std::to_string(value)));
}

void XmlWriter::empty_element(std::string_view name) {
  indent();
  out_.append("<").append(name).append("/>\n");
}

void XmlWriter::string_list(std::string_view name, const std::vector<std::string>& values) {
  if (values.empty()) return empty_element(name);
  open(name);
  for (const auto& value : values) element("member", std::string_view(value));
  close();
}

}  // namespace sluice::aws
