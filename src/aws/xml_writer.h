#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::aws {

/// Appends `text` with the five specials escaped (&amp; &lt; &gt; &quot; &apos;) and what XML 1.0 cannot
/// carry dropped: control characters other than tab, line feed and carriage return (which is written &#13;), and
/// invalid UTF-8.
void append_xml_text(std::string& out, std::string_view text);

/// Writes elements as STS and IAM lay them out: two-space indents, one element a line, no prolog, a line feed
/// at the end. The caller keeps the structure right (SLUICE_CHECKed); names are constants of ours, never
/// input. Not thread-safe.
///
///   XmlWriter xml(out, kResultDepth);
///   xml.open("Role");
///   xml.element("RoleName", role.name);
///   xml.close();
class XmlWriter {
 public:
  /// Elements start at `depth` levels of indent, for fragments that are put into an envelope.
  explicit XmlWriter(std::string& out, size_t depth = 0) : out_(out), depth_(depth) {}

  void open(std::string_view name, std::string_view xmlns = {});
  void close();
  void element(std::string_view name, std::string_view text);
  void element(std::string_view name, const char* text) { element(name, std::string_view(text)); }
  void element(std::string_view name, int64_t value);
  void element(std::string_view name, int value) { element(name, int64_t{value}); }
  void element(std::string_view name, bool value) { element(name, std::string_view(value ? "true" : "false")); }
  /// `<Name/>` closed at once: an empty list or structure.
  void empty_element(std::string_view name);
  /// `<Name><member>a</member>...</Name>`, the Query protocol's list of scalars; an empty list is `<Name/>`.
  void string_list(std::string_view name, const std::vector<std::string>& values);
  /// XML already: ends in a line feed and is indented for its place.
  void raw(std::string_view fragment) { out_.append(fragment); }

 private:
  void indent();

  std::string& out_;
  size_t depth_;
  std::vector<std::string_view> open_;
};

}  // namespace sluice::aws
